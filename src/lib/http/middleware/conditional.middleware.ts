import type { MiddlewareObj } from "@middy/core";
import type { EdgeRequest, EdgeResponse } from "../edge.request";
import { invalidRequest } from "../validation.problem";

const entityTag = /^(?:W\/)?"([^",]*)"$/;

/** Stands for an entity tag that is well formed but was never ours: it equals no version, so the answer is 412. */
const noVersion = -1;

/** Reads `If-Match` before the route runs. The version that the route replies goes out as ETag. */
export function conditional(): MiddlewareObj<EdgeRequest, EdgeResponse> {
  return {
    before({ event: edge }) {
      edge.ifMatch = versionOf(edge.header("if-match"));
    },
    after({ event: edge, response }) {
      const version = edge.reply?.version;
      if (response && version !== undefined) response.headers.etag = `"${version}"`;
    },
  };
}

/** `*` asks only for existence, which every route checks anyway. A proxy's weak form of our tag is our tag. */
function versionOf(header: string | undefined): number | undefined {
  const value = header?.trim();
  if (value === undefined || value === "*") return undefined;
  const tag = entityTag.exec(value)?.[1];
  if (tag === undefined)
    throw invalidRequest([
      {
        pointer: "/header/if-match",
        code: "invalid-format",
        detail: 'Must be one ETag as this API gave it, such as "3".',
      },
    ]);
  return /^\d{1,15}$/.test(tag) ? Number(tag) : noVersion;
}
