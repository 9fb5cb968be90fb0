import { toAppError, toProblem } from "../errors/to.problem";
import type { EdgeResponse } from "./edge.request";

/** The HTTP answer of any thrown value. */
export function problemResponse(error: unknown, requestId: string): EdgeResponse {
  const { status, headers, body } = toProblem(toAppError(error), requestId);
  return { statusCode: status, headers, body: JSON.stringify(body) };
}
