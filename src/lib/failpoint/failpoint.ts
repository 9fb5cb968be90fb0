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

let passed = 0;

/**
 * Kills this process (SIGKILL, so that nothing can be tidied up) when stage local was started with FAILPOINT=`name`, or
 * with `name:n` the n-th time it comes by. Does nothing anywhere else.
 */
export function failpoint(name: FailpointName): void {
  const [wanted, times = "1"] = env().FAILPOINT.split(":");
  if (wanted !== name || !isLocalStage()) return;
  passed += 1;
  if (passed >= Number(times)) process.kill(process.pid, "SIGKILL");
}
