import { fireTimer } from "../../services/saas/automation/timers/rule.timer";
import type { JobHandler } from "../queue/job.handler";

/** Starts a rule whose time has come. */
export const handler: JobHandler<"automation.timer"> = async (ctx, { clientCode: _clientCode, ...timer }) =>
  fireTimer(ctx, timer);
