import { assignLeadInChange } from "../../crm/lead.assign";
import { defineChange } from "./action";
import { assignToOf, personChoiceSchema } from "./person.choice";

/** Gives the lead to a person, who is told. A retry takes no second turn of a team. */
export const assignAction = defineChange({
  type: "assign",
  description: "Give the lead to a person, in turns, or to whoever is least busy.",
  config: { to: personChoiceSchema },
  async change(ctx, change, { to }, input) {
    const lead = await assignLeadInChange(ctx, change, input.run.leadId, assignToOf(to));
    return { ownerId: lead.ownerId, teamId: lead.teamId?.toHexString() ?? null };
  },
});
