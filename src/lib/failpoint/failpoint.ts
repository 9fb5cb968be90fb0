import { env, isLocalStage } from "../env/env";

/** Places where the fault tests kill the process. ADD A FAIL-POINT HERE. */
export type FailpointName =
  | "after-raw-stored"
  | "after-claim"
  | "before-complete"
  | "after-change-committed"
  | "after-message-queued"
  | "after-message-sending"
  | "after-send-accepted"
  | "after-run-enrolled"
  | "after-step-effect"
  | "during-migration"
  | "after-media-part-stored"
  | "after-media-original-stored"
  | "amid-erasure";

/**
 * Kills this process (SIGKILL, so that nothing can be tidied up) when stage local was started with FAILPOINT=`name`.
 * Does nothing anywhere else.
 */
export function failpoint(name: FailpointName): void {
  if (env().FAILPOINT !== name || !isLocalStage()) return;
  process.kill(process.pid, "SIGKILL");
}
