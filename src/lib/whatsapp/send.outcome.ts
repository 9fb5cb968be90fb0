/** What became of a send, concluded from how the call ended. Pure. */
import type { MessageError } from "../../model/saas/message.schema";
import { explainError } from "./error.catalog";
import type { AcceptedMessage } from "./graph.messages";
import type { GraphAnswer } from "./graph.request";

export type SendOutcome =
  | { readonly kind: "accepted"; readonly message: AcceptedMessage }
  /** Final: Meta will never take it as it is. */
  | { readonly kind: "refused"; readonly error: MessageError }
  /** The number may not send at all until a person does something about it. */
  | { readonly kind: "account_problem"; readonly code: number; readonly reason: string }
  /** Too fast, or in maintenance: the message just has to wait. `delayMs`: Retry-After, where Meta gave one. */
  | { readonly kind: "rate_limited"; readonly code: number; readonly delayMs: number | null }
  /** Provably not taken, for a reason that passes. */
  | { readonly kind: "not_accepted"; readonly reason: string; readonly delayMs: number | null }
  /** Taken or not: nobody knows but Meta. */
  | { readonly kind: "unclear"; readonly reason: string };

/** Limits that pass by waiting: of the app, the account, the number, the recipient, and a number in maintenance. */
const rateLimits: ReadonlySet<number> = new Set([4, 80_007, 130_429, 131_056, 131_057]);

/** Whether a code means no more than "too fast". */
export function isRateLimit(code: number): boolean {
  return rateLimits.has(code);
}

const accountProblems = new Set([0, 190, 3, 10, 131_005]);

/** Whether a code means that the number may not be used at all until a person does something about it. */
export function isAccountProblem(code: number): boolean {
  return accountProblems.has(code) || (code >= 200 && code <= 299);
}

/** In an answer with Meta's envelope the code decides; elsewhere only proof that nothing happened allows a retry. */
export function concludeSend(answer: GraphAnswer<AcceptedMessage>): SendOutcome {
  switch (answer.kind) {
    case "ok":
      return { kind: "accepted", message: answer.data };
    case "fault": {
      const { status, fault, retryAfterMs } = answer;
      const { code } = fault;
      if (isRateLimit(code)) return { kind: "rate_limited", code, delayMs: retryAfterMs };
      if (isAccountProblem(code)) {
        return { kind: "account_problem", code, reason: explainError(code, null).explanation };
      }
      if (status >= 500 || status === 429) {
        return { kind: "not_accepted", reason: `meta-${code}`, delayMs: retryAfterMs };
      }
      return { kind: "refused", error: explainError(code, fault.detail) };
    }
    case "rejected":
      return answer.status === 429
        ? { kind: "not_accepted", reason: "http-429", delayMs: answer.retryAfterMs }
        : { kind: "refused", error: explainError(null, `HTTP ${answer.status}.`) };
    case "not_reached":
      return { kind: "not_accepted", reason: answer.reason, delayMs: null };
    case "unclear":
      return { kind: "unclear", reason: answer.reason };
  }
}
