import { tagSchema } from "../../../../contracts/common.contract";
import { addTags } from "../../crm/lead.service";
import { defineAction } from "./action";

/** Adds a tag to the lead; a tag that is there already changes nothing. */
export const addTagAction = defineAction({
  type: "add_tag",
  mode: "inline",
  description: "Add a tag to the lead.",
  config: { tag: tagSchema },
  async run(ctx, { tag }, { run }) {
    await addTags(ctx, { id: run.leadId.toHexString(), tags: [tag] });
    return { tag };
  },
});
