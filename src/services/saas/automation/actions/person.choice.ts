import * as z from "zod";
import { keySchema } from "../../../../contracts/common.contract";
import { userIdSchema } from "../../../../contracts/user.contract";
import type { AssignTo } from "../../crm/lead.assign";

const team = (description: string) => keySchema.meta({ description, example: "team_sales" });

/** Who of the tenant's people gets something: one by name, or one of a team. */
export const personChoiceSchema = z
  .union([
    z.strictObject({ userKey: userIdSchema.meta({ description: "Key of a user.", example: "maria" }) }),
    z.strictObject({ round_robin: team("Key of a team whose members take turns.") }),
    z.strictObject({
      least_busy: team("Key of a team; whoever has the fewest open leads and conversations."),
    }),
  ])
  .meta({ description: "A person, or one of a team who is available." });
export type PersonChoice = z.output<typeof personChoiceSchema>;

export function assignToOf(choice: PersonChoice): AssignTo {
  if ("userKey" in choice) return { userId: choice.userKey };
  return "round_robin" in choice
    ? { teamKey: choice.round_robin, how: "round_robin" }
    : { teamKey: choice.least_busy, how: "least_busy" };
}
