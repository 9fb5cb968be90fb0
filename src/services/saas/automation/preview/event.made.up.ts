import type { Types } from "mongoose";
import { type CrmEvent, crmEventTypeSchema } from "../../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import type { RuleDefinition } from "../rule.contract";
import type { DryRunInput } from "./dry.run.contract";

const id = "dry-run";

/** The event that a dry run is about, as the tenant's log would hold it. */
export function dryEvent(
  ctx: TenantContext,
  input: DryRunInput["event"],
  { trigger }: RuleDefinition,
  leadId: Types.ObjectId,
): CrmEvent {
  const { data, changes, message } = input;
  return {
    ...kindOf(input.type ?? trigger.event),
    id,
    // Behind every event that there is.
    seq: Number.MAX_SAFE_INTEGER,
    subject: { leadId: leadId.toHexString() },
    data: { ...(message ? { kind: message.kind } : {}), ...data },
    ...(changes === undefined ? {} : { changes }),
    actor: ctx.actor,
    causation: { rootEventId: id, depth: 0, ruleIds: [] },
    occurredAt: new Date(input.occurredAt ?? ctx.now()).toISOString(),
  };
}

/** The other way round than `triggersOf`. */
function kindOf(trigger: string): Pick<CrmEvent, "type" | "name"> {
  if (trigger === "form_submitted") return { type: "external_event", name: trigger };
  if (trigger === "score_crossed") return { type: "lead_updated" };
  const type = crmEventTypeSchema.safeParse(trigger);
  return type.success
    ? { type: type.data }
    : { type: "external_event", name: trigger.replace("external_event:", "") };
}
