import * as z from "zod";
import type { Route } from "./define.route";
import { apiVersions } from "./middleware/api.version.middleware";

const idempotencyKey = z.string().min(1).max(255).optional().meta({
  description: "Makes it safe to repeat the request: the same key gets the same answer for 24 hours.",
  example: "5f0c1f4e-6c0b-4a53-9f0e-0f2d2a9d1c11",
});
const ifMatch = z.string().optional().meta({
  description: "The ETag you saw; 412 when it is no longer the present one.",
  example: '"3"',
});

const crmVersion = z.enum(apiVersions).optional().meta({
  description: "The version of the API that you were written for; answers name theirs.",
  example: "2026-11-01",
});

const range = z.string().optional().meta({
  description: "Only this part of the content: one range of bytes, from 0, both ends included.",
  example: "bytes=0-1048575",
});

/** The request headers that a route minds, beside those of its credentials. */
export function openApiHeaders(route: Route): z.ZodObject {
  return z.object({
    ...(route.auth.kind === "tenant" ? { "Crm-Version": crmVersion } : {}),
    ...(route.idempotent ? { "Idempotency-Key": idempotencyKey } : {}),
    ...(route.problems.includes("precondition-failed") ? { "If-Match": ifMatch } : {}),
    ...(route.problems.includes("range-not-satisfiable") ? { Range: range } : {}),
  });
}
