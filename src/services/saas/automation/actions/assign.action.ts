import { assignLeadInChange } from "../../crm/lead.assign";
import { defineAction } from "./action";
import { changeOnce } from "./change.once";
import { assignToOf, personChoiceSchema } from "./person.choice";

/** Gives the lead to a person, who is told. A retry takes no second turn of a team. */
export const assignAction = defineAction({
  type: "assign",
  mode: "inline",
  description: "Give the lead to a person, in turns, or to whoever is least busy.",
  config: { to: personChoiceSchema },
  async run(ctx, { to }, input) {
    return changeOnce(ctx, input, async (change) => {
      const lead = await assignLeadInChange(ctx, change, input.run.leadId, assignToOf(to));
      return { ownerId: lead.ownerId, teamId: lead.teamId?.toHexString() ?? null };
    });
  },
});
