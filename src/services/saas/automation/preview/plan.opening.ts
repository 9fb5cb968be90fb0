/** When a step that sends would come to send: asked again after each wait, as the engine does. */
import type { PlannedStep } from "../../../../contracts/automation.insight.contract";
import type { TenantContext } from "../../../../lib/context/tenant.context";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../../model/saas/automation.run.schema";
import type { LeadRecord } from "../../../../model/saas/lead.schema";
import { readSettings } from "../../crm/settings.read";
import { judgeSending } from "../judge.sending";
import { sentByRules } from "../may.send";
import type { RuleDefinition, Step } from "../rule.contract";
import type { RuleScope } from "../scope";

/** A window and a cap that push a step back and forth for longer than this never let it through. */
const mostWaits = 20;

export interface SendPlan {
  readonly run: AutomationRunRecord;
  readonly definition: RuleDefinition;
  readonly scope: RuleScope;
  readonly lead: LeadRecord;
  /** When earlier steps of the plan send, newest first. */
  readonly sent: Date[];
}

export interface Opening {
  readonly at: Date;
  readonly waits: PlannedStep["waits"];
  /** Why the step is left out. */
  readonly skip?: string;
}

export async function openingFor(
  ctx: TenantContext,
  { run, definition, lead, sent }: SendPlan,
  step: Step,
  from: Date,
): Promise<Opening> {
  const settings = await readSettings(await getCrmModels(ctx.clientCode));
  const cap = settings.automation.frequencyCap;
  const waits: PlannedStep["waits"] = [];
  let at = from;
  for (let count = 0; count < mostWaits; count += 1) {
    const time = at;
    const before = cap ? await sentByRules({ ...ctx, now: () => time }, lead._id, cap) : [];
    const may = judgeSending({
      lead,
      settings,
      definition,
      step,
      now: time,
      spreadKey: `${run._id.toHexString()}:${step.id}`,
      sent: [...sent, ...before].sort((one, other) => other.getTime() - one.getTime()),
    });
    if (may.kind === "yes") return { at, waits };
    if (may.kind === "skip") return { at, waits, skip: may.reason };
    waits.push({ reason: may.reason, until: may.until.toISOString() });
    at = may.until;
  }
  return { at, waits, skip: "send_window_never_opens" };
}
