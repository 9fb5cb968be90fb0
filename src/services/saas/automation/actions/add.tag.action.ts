import { tagSchema } from "../../../../contracts/common.contract";
import { addTagsInChange } from "../../crm/lead.service";
import { defineChange } from "./action";

/** Adds a tag to the lead; a tag that is there already changes nothing. */
export const addTagAction = defineChange({
  type: "add_tag",
  description: "Add a tag to the lead.",
  config: { tag: tagSchema },
  async change(ctx, change, { tag }, { run }) {
    await addTagsInChange(ctx, change, run.leadId, [tag]);
    return { tag };
  },
});
