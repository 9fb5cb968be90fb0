import { makeApiKey } from "../../src/lib/auth/api.key";
import { getCentralModels } from "../../src/lib/db/get.central.models";
import type { Route } from "../../src/lib/http/define.route";
import { keysOf } from "../builders/api.client";
import { createTenant } from "../builders/client.builder";

export type Headers = Readonly<Record<string, string>>;

/** Headers of callers with all rights: two tenants and the platform team. */
export interface Callers {
  readonly acme: Headers;
  readonly other: Headers;
  readonly admin: Headers;
}

export async function makeCallers(): Promise<Callers> {
  const [acme, other] = await Promise.all([createTenant("acme"), createTenant("other")]);
  const { key, keyId, hash } = makeApiKey("admin");
  const { AdminKey } = await getCentralModels();
  await AdminKey.create({ _id: "conformance", keyId, hash, createdAt: new Date() });
  return { acme: keysOf(acme), other: keysOf(other), admin: { "x-admin-key": key } };
}

/** The headers with which `route` may be called. */
export function keysFor(route: Route, callers: Callers): Headers {
  if (route.auth.kind === "public") return {};
  return route.auth.kind === "admin" ? callers.admin : callers.acme;
}

/** Routes as `test.each` takes them: named by their operationId. */
export function named(routes: readonly Route[]): [string, Route][] {
  return routes.map((route) => [route.operationId, route]);
}
