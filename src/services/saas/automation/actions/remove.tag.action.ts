import { tagSchema } from "../../../../contracts/common.contract";
import { removeTagsInChange } from "../../crm/lead.service";
import { defineChange } from "./action";

/** Removes a tag from the lead; a tag that is not there changes nothing. */
export const removeTagAction = defineChange({
  type: "remove_tag",
  description: "Remove a tag from the lead.",
  config: { tag: tagSchema },
  async change(ctx, change, { tag }, { run }) {
    await removeTagsInChange(ctx, change, run.leadId, [tag]);
    return { tag };
  },
});
