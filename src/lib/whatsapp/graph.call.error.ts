import type { GraphAnswer, GraphFault } from "./graph.request";

export type GraphCallFailure = "fault" | "rejected" | "not_reached" | "unclear";

/** A Graph call that may be repeated freely (a look-up, a download, a sync) did not succeed. */
export class GraphCallError extends Error {
  override readonly name = "GraphCallError";

  constructor(
    readonly failure: GraphCallFailure,
    /** Meta's fault, when it sent one. */
    readonly fault: GraphFault | null,
    /** HTTP status, when there was an answer. */
    readonly status: number | null,
    readonly retryAfterMs: number | null,
    reason: string,
  ) {
    super(`The Graph call failed: ${reason}.`);
  }
}

/** The data of an answer. @throws GraphCallError for every other answer. */
export function dataOf<T>(answer: GraphAnswer<T>): T {
  switch (answer.kind) {
    case "ok":
      return answer.data;
    case "fault":
      throw new GraphCallError(
        "fault",
        answer.fault,
        answer.status,
        answer.retryAfterMs,
        `Meta's error ${answer.fault.code}`,
      );
    case "rejected":
      throw new GraphCallError("rejected", null, answer.status, answer.retryAfterMs, `HTTP ${answer.status}`);
    case "not_reached":
    case "unclear":
      throw new GraphCallError(answer.kind, null, null, null, answer.reason);
  }
}
