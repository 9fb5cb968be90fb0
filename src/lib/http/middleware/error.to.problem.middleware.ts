import type { MiddlewareObj } from "@middy/core";
import { toAppError } from "../../errors/to.problem";
import { rootLogger } from "../../log/logger";
import type { EdgeRequest, EdgeResponse } from "../edge.request";
import { problemResponse } from "../problem.response";

/** Makes the answer of whatever was thrown, and logs what is our fault. Used last, so that it acts first on errors. */
export function errorToProblem(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    onError(request) {
      const { event: edge, error } = request;
      const problem = toAppError(error);
      if (problem.status >= 500) {
        rootLogger().error(
          "A request failed.",
          {
            requestId: edge.requestId,
            clientCode: edge.tenant?.clientCode,
            operationId: edge.match?.route.operationId,
            problem: problem.code,
          },
          error,
        );
      }
      request.response = problemResponse(problem, edge.requestId);
    },
  };
}
