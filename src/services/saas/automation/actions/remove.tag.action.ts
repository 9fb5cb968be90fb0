import { tagSchema } from "../../../../contracts/common.contract";
import { removeTags } from "../../crm/lead.service";
import { defineAction } from "./action";

/** Removes a tag from the lead; a tag that is not there changes nothing. */
export const removeTagAction = defineAction({
  type: "remove_tag",
  mode: "inline",
  description: "Remove a tag from the lead.",
  config: { tag: tagSchema },
  async run(ctx, { tag }, { run }) {
    await removeTags(ctx, { id: run.leadId.toHexString(), tags: [tag] });
    return { tag };
  },
});
