import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { explainError } from "../../../lib/whatsapp/error.catalog";
import { GraphCallError } from "../../../lib/whatsapp/graph.client";
import { isAccountProblem } from "../../../lib/whatsapp/send.outcome";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import { invalidState } from "../crm/crm.problem";
import { pauseForFault } from "./pause.connection";

const tooMany = new Set([4, 613, 80_007, 80_008, 130_429]);
const existsAlready = 2_388_024;
const lostToken = new Set([0, 190]);

/**
 * Why a call that a person waits for did not do what it should, in our own words; a lost token also pauses the number.
 * @throws AppError refused-by-meta with Meta's code, duplicate, rate-limited, invalid-state for a lost access,
 * service-unavailable when Meta gives no answer that tells; always something.
 */
export async function throwMetaProblem(
  ctx: TenantContext,
  connection: ConnectionRecord,
  error: unknown,
): Promise<never> {
  if (!(error instanceof GraphCallError)) throw error;
  const { fault, status } = error;
  const extensions = fault ? { metaCode: fault.code, metaSubcode: fault.subcode } : {};
  if (!fault || (status !== null && status >= 500)) {
    throw new AppError(
      "service-unavailable",
      "Meta does not answer as it should, so whether it was done is not known. Look at the list in a minute.",
      { cause: error, extensions, retryAfterSeconds: 60 },
    );
  }
  if (isAccountProblem(fault.code)) {
    // A token that may not manage templates may well send: only one that is no good at all stops the number.
    if (lostToken.has(fault.code)) await pauseForFault(ctx, connection._id, fault.code);
    throw invalidState(explainError(fault.code, null).explanation);
  }
  if (tooMany.has(fault.code) || status === 429) {
    const retryAfterSeconds = Math.ceil((error.retryAfterMs ?? 300_000) / 1_000);
    throw new AppError("rate-limited", "Meta takes no more of these calls for now. Wait and repeat it.", {
      cause: error,
      extensions,
      retryAfterSeconds,
    });
  }
  if (fault.subcode === existsAlready) {
    throw new AppError("duplicate", "A template of this name and language exists already. Edit that one.", {
      cause: error,
      extensions,
    });
  }
  throw new AppError("refused-by-meta", `Meta refused it: ${fault.detail.slice(0, 500)}`, {
    cause: error,
    extensions,
  });
}
