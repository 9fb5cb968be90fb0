import type { MiddlewareObj } from "@middy/core";
import type { EdgeRequest, EdgeResponse } from "../edge.request";
import { invalidRequest } from "../validation.problem";

/** Dated versions of the tenant API, the newest last. Within one, fields and operations are only added. */
export const apiVersions = ["2026-11-01"] as const;
const newest = apiVersions.at(-1) ?? "";

/**
 * `Crm-Version`: a caller may name the version that it was written for; tenant answers name the one they are of.
 * @throws AppError validation-failed for a version that there is not
 */
export function apiVersion(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  const tell = (edge: EdgeRequest, response: EdgeResponse | null): void => {
    if (response && edge.match?.route.auth.kind === "tenant") response.headers["crm-version"] = newest;
  };
  return {
    before({ event: edge }) {
      if (edge.matched.route.auth.kind !== "tenant") return;
      const wanted = edge.header("crm-version");
      if (wanted === undefined || apiVersions.some((version) => version === wanted)) return;
      throw invalidRequest([
        {
          pointer: "/header/crm-version",
          code: "invalid-value",
          detail: `Must be a version of this API: ${apiVersions.join(", ")}.`,
        },
      ]);
    },
    after({ event, response }) {
      tell(event, response);
    },
    onError({ event, response }) {
      tell(event, response);
    },
  };
}
