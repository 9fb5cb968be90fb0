import { sweepBroadcasts } from "../../services/saas/automation/broadcast/broadcast.sweep";
import { sweepEnrollments } from "../../services/saas/automation/enrollment.service";
import { sweepPendingRuns } from "../../services/saas/automation/pending.runs";
import { sweepDueRuns, sweepUndispatchedEvents } from "../../services/saas/automation/sweep.service";
import { sweepTimers } from "../../services/saas/automation/timers/rule.timer";
import { sweepMerges } from "../../services/saas/crm/lead.merge.job";
import { sweepPassedMeetings } from "../../services/saas/crm/meeting.passed";
import { sweepClosingStages } from "../../services/saas/crm/pipeline.clear";
import { sweepStalledLeads } from "../../services/saas/crm/stage.stalled";
import { sweepDueTasks } from "../../services/saas/crm/task.due";
import { sweepTransfers } from "../../services/saas/crm/transfer/transfer.sweep";
import { sweepMedia } from "../../services/saas/media/media.sweep.service";
import { sweepSnoozed } from "../../services/saas/messaging/conversation.snooze";
import { sweepMessages } from "../../services/saas/messaging/message.sweep.service";
import { sweepErasures } from "../../services/saas/privacy/erase.person.service";
import { sweepWebhookEvents } from "../../services/saas/whatsapp/webhook.sweep.service";
import type { JobHandler } from "../queue/job.handler";

/**
 * What a crash may have left in a tenant's database, in the order in which it came to be: what was received, what
 * was to be sent, what was to be fetched, what was to be told, what was due. ADD A SWEEP HERE.
 */
const sweeps = {
  webhookEvents: sweepWebhookEvents,
  messages: sweepMessages,
  media: sweepMedia,
  merges: sweepMerges,
  transfers: sweepTransfers,
  erasures: sweepErasures,
  closingStages: sweepClosingStages,
  stalledLeads: sweepStalledLeads,
  events: sweepUndispatchedEvents,
  enrollments: sweepEnrollments,
  pendingRuns: sweepPendingRuns,
  runs: sweepDueRuns,
  tasks: sweepDueTasks,
  meetings: sweepPassedMeetings,
  timers: sweepTimers,
  broadcasts: sweepBroadcasts,
  snoozed: sweepSnoozed,
};

/** Takes up what was left behind. One sweep that fails does not keep the others from running; the job is retried. */
export const handler: JobHandler<"tenant.sweep"> = async (ctx) => {
  const taken: Record<string, number> = {};
  const failures: unknown[] = [];
  for (const [name, sweep] of Object.entries(sweeps)) {
    try {
      taken[name] = (await sweep(ctx)).taken;
    } catch (error) {
      failures.push(error);
      ctx.logger.error("A sweep failed; the job will try again.", { sweep: name }, error);
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} of the tenant's sweeps failed.`);
  return taken;
};
