import * as z from "zod";
import type { Route } from "../../src/lib/http/define.route";
import { isBytesInput } from "../../src/lib/http/request.body";
import type { ApiCall } from "../builders/api.client";
import { sampleBody } from "./sample";

/** Ids by the path segment before them: `leads`, `stages`, ... */
export type Ids = Readonly<Record<string, string>>;

const nobodysId = "66f0c0ffee66f0c0ffee66f0";

/** Well-formed ids of nothing, for every resource; `any` is the id itself. */
export const anyIds: Ids = Object.fromEntries(
  [
    "any",
    "leads",
    "pipelines",
    "stages",
    "conversations",
    "messages",
    "templates",
    "connections",
    "meetings",
    "automations",
    "automation-runs",
    "automation-enrollments",
    "media",
    "custom-fields",
    "canned-responses",
    "tasks",
    "users",
    "teams",
    "notifications",
    "imports",
    "lost-reasons",
    "saved-searches",
    "broadcasts",
    "sources",
    "tags",
    "exports",
    "erasures",
  ].map((name) => [name, nobodysId]),
);

/** Path parameters that are no ids of stored rows. */
const plain: Ids = {
  parts: "1",
  versions: "1",
  docs: "page.js",
  "by-phone": "+5511900000000",
  "by-external": "calendar",
  "{system}": "nobody",
  clients: "nobody",
  "event-types": "order_paid",
  "api-keys": "nokey123",
  "whatsapp-endpoints": nobodysId,
  "whatsapp-numbers": "900100200300400",
  whatsapp: nobodysId,
  keys: "nokey123",
  queues: "none",
  jobs: nobodysId,
  alerts: nobodysId,
};

/** The path of a route with these ids. @throws Error when one is missing */
export function pathOf(route: Route, ids: Ids = {}): string {
  const parts = route.path.split("/");
  return parts
    .map((part, i) => {
      if (!part.startsWith("{")) return part;
      const of = parts[i - 1] ?? "";
      const id = ids[of] ?? plain[of];
      if (id === undefined) throw new Error(`${route.path}: there is no value for ${part} behind ${of}`);
      return id;
    })
    .join("/");
}

/** The query parameters that a list cannot do without, with the examples of its contract, ready for more behind them. */
export function requiredQuery({ input }: Route): string {
  const fields = Object.entries(input.query?.shape ?? {});
  return fields
    .filter(([, field]) => !field.safeParse(undefined).success)
    .map(([name, field]) => `${name}=${encodeURIComponent(String(z.globalRegistry.get(field)?.example))}&`)
    .join("");
}

/** A well-formed request for a route, without credentials. */
export function requestFor(route: Route, ids: Ids = {}): ApiCall {
  const { body } = route.input;
  const content = sampleBody(route);
  const path = pathOf(route, ids);
  if (body !== undefined && isBytesInput(body)) {
    const headers = { "content-type": body.contentType };
    return {
      method: route.method,
      path,
      bytes: Buffer.isBuffer(content) ? content : Buffer.alloc(0),
      headers,
    };
  }
  return { method: route.method, path, json: content };
}
