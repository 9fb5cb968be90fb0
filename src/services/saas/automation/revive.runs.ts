/** Appointments also move when every reminder was given: runs that are through take up those that are to come again. */
import { Types, trusted } from "mongoose";
import { livingStatuses } from "../../../contracts/automation.run.contract";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { isMeant } from "./event.match";
import { findVersion } from "./published.rules";
import { isOldNews, rewindEnded } from "./reschedule";
import { triggersOf } from "./triggers";

/** Runs of one lead that are looked at, newest first. */
const mostRuns = 50;

/** Runs that are completed and that one of the events moves into the future. @returns them, living again. */
export async function reviveRuns(
  ctx: TenantContext,
  events: readonly CrmEvent[],
): Promise<AutomationRunRecord[]> {
  const revived: AutomationRunRecord[] = [];
  for (const event of events.filter(movesTimes)) {
    const { AutomationRun } = await getCrmModels(ctx.clientCode);
    const through = await AutomationRun.find({
      leadId: new Types.ObjectId(event.subject.leadId),
      listens: trusted({ $in: triggersOf(event) }),
      status: "completed",
      exitReason: null,
    })
      .sort({ startedAt: -1, _id: -1 })
      .limit(mostRuns)
      .lean();
    for (const run of through) {
      const again = await revive(ctx, run, event);
      if (again) revived.push(again);
    }
  }
  return revived;
}

/** Only these tell a new time; looking at what is over for every event would cost every event. */
const movesTimes = ({ type }: CrmEvent): boolean =>
  type === "appointment_rescheduled" || type === "external_event";

async function revive(
  ctx: TenantContext,
  run: AutomationRunRecord,
  event: CrmEvent,
): Promise<AutomationRunRecord | undefined> {
  if (run.heard.includes(event.id) || event.seq <= run.triggerEvent.seq) return undefined;
  if (isOldNews(run, event)) return undefined;
  const definition = (await findVersion(ctx, run.ruleId, run.ruleVersion))?.definition;
  const now = ctx.now();
  if (!definition?.rescheduleOn.some((match) => isMeant(match, event, run.triggerEvent.data, now)))
    return undefined;
  const to = await rewindEnded(ctx, run, definition, event);
  if (!to) return undefined;
  const { AutomationRun } = await getCrmModels(ctx.clientCode);
  const { ruleId, leadId, scopeKey } = run;
  const status = trusted({ $in: [...livingStatuses] });
  // One that lives has heard the event itself.
  if (await AutomationRun.exists({ ruleId, leadId, scopeKey, status })) return undefined;
  const living = scopeKey === "" ? "living" : `${scopeKey}:living`;
  try {
    return (
      (await AutomationRun.findOneAndUpdate(
        { _id: run._id, status: "completed", heard: trusted({ $ne: event.id }) },
        {
          $set: {
            ...to,
            status: "active",
            concurrencyKey: definition.enrollment.reentry === "after_exit" ? living : null,
            endedAt: null,
            dueAt: now,
            updatedAt: now,
          },
          $push: { heard: event.id },
          $inc: { version: 1 },
        },
        { returnDocument: "after" },
      ).lean()) ?? undefined
    );
  } catch (error) {
    if (!isDuplicateKey(error, "concurrency")) throw error;
    return undefined;
  }
}
