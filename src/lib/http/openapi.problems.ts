import type { ZodOpenApiMediaTypeObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { problemSchema } from "../../contracts/problem.contract";
import { AppError } from "../errors/app.error";
import { type ProblemCode, problemCatalog } from "../errors/problem.catalog";
import { toProblem } from "../errors/to.problem";
import type { Route } from "./define.route";
import { isBytesInput } from "./request.body";

export type StatusKey = `${1 | 2 | 3 | 4 | 5}${string}`;

const exampleRequestId = "0b0cfe2b-5f5e-4d7e-9d5c-3f4b4a1f8a51";

/** Every problem a route can answer: its own, and those that follow from how it is declared. */
export function problemsOf(route: Route): ProblemCode[] {
  const { auth, input, idempotent, method } = route;
  const takesInput = Object.keys(input).length > 0;
  const cursor = input.query && "cursor" in input.query.shape;
  const codes: ProblemCode[] = [
    // Even a route that takes nothing refuses a query it does not know, and all but GET a body.
    "validation-failed",
    "malformed-request",
    ...(method === "GET" || isBytesInput(input.body) ? [] : (["malformed-json"] as const)),
    ...(method === "GET" ? [] : (["payload-too-large", "unsupported-media-type"] as const)),
    ...(cursor ? (["invalid-cursor"] as const) : []),
    ...(auth.kind === "public" ? [] : (["invalid-credentials"] as const)),
    ...(auth.kind === "tenant"
      ? (["client-suspended", "insufficient-scope", "rate-limited", "tenant-database-unavailable"] as const)
      : []),
    ...(idempotent ? (["request-in-progress", "idempotency-key-reused"] as const) : []),
    ...(auth.kind === "public" && !takesInput ? [] : (["service-unavailable"] as const)),
    "internal-error",
    ...route.problems,
  ];
  return [...new Set(codes)];
}

/** The responses of a route's problems: one per status, with an example of each problem. */
export function problemResponses(route: Route): ZodOpenApiResponsesObject {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(route)) {
    const { status } = problemCatalog[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b))
    responses[statusKey(status)] = {
      description: codes.map((code) => `\`${code}\`: ${problemCatalog[code].title}.`).join("\n"),
      headers: { "x-request-id": { $ref: "#/components/headers/RequestId" } },
      content: { "application/problem+json": problemContent(codes) },
    };
  return responses;
}

function problemContent(codes: readonly ProblemCode[]): ZodOpenApiMediaTypeObject {
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }] as const);
  return { schema: problemSchema, examples: Object.fromEntries(examples) };
}

/** An example of each of these routes' problems, which their responses refer to. */
export function problemExamples(routes: readonly Route[]): Record<string, { value: unknown }> {
  const codes = [...new Set(routes.flatMap(problemsOf))].sort();
  return Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }]));
}

function exampleOf(code: ProblemCode): unknown {
  const errors =
    code === "validation-failed" ? [{ pointer: "/phone", code: "required", detail: "Is required." }] : [];
  return toProblem(new AppError(code, `${problemCatalog[code].title}.`, { errors }), exampleRequestId).body;
}

/** A status as OpenAPI writes it. @throws Error when it is none of HTTP's */
export function statusKey(status: number): StatusKey {
  const text = String(status);
  if (!isStatusKey(text)) throw new Error(`${status} is not an HTTP status.`);
  return text;
}

function isStatusKey(text: string): text is StatusKey {
  return /^[1-5]\d\d$/.test(text);
}
