import { AppError } from "../errors/app.error";
import type { Route } from "./define.route";

export interface RouteMatch {
  readonly route: Route;
  /** Decoded path parameters, by the names in `{}`. */
  readonly params: Readonly<Record<string, string>>;
}

interface PathEntry {
  readonly segments: readonly string[];
  readonly routes: Map<string, Route>;
}

const isParameter = (segment: string): boolean => segment.startsWith("{");

/** Finds the route of a request. Paths are exact; a literal segment wins over a parameter. */
export class RouteTable {
  private readonly paths: readonly PathEntry[];

  /** @throws Error when two routes share method and path or an operationId, or one asks for what it cannot have. */
  constructor(routes: readonly Route[]) {
    const entries = new Map<string, PathEntry>();
    const operations = new Set<string>();
    for (const route of routes) {
      const shape = route.path.replace(/\{[^}]*\}/g, "{}");
      const entry = entries.get(shape) ?? { segments: route.path.split("/"), routes: new Map() };
      if (entry.routes.has(route.method))
        throw new Error(`Two routes are declared for ${route.method} ${route.path}`);
      if (operations.has(route.operationId))
        throw new Error(`Two routes are declared with the operationId ${route.operationId}`);
      operations.add(route.operationId);
      if (route.idempotent && route.auth.kind !== "tenant")
        throw new Error(
          `${route.operationId}: idempotency keys are kept with a tenant, so only its routes take them`,
        );
      entry.routes.set(route.method, route);
      entries.set(shape, entry);
    }
    this.paths = [...entries.values()].sort(literalsFirst);
  }

  /** @throws AppError not-found, or method-not-allowed with Allow */
  find(method: string, path: string): RouteMatch {
    const segments = path.split("/");
    const matching = this.paths.filter((entry) => matches(entry.segments, segments));
    for (const entry of matching) {
      const route = entry.routes.get(method);
      if (route) return { route, params: parametersOf(route.path.split("/"), segments) };
    }
    if (matching.length > 0) throw notAllowed(matching.flatMap((entry) => [...entry.routes.keys()]));
    throw new AppError("not-found", "There is no such path in this API. See /api/docs for those there are.");
  }
}

function notAllowed(allowed: readonly string[]): AppError {
  const allow = [...new Set(allowed)].sort().join(", ");
  return new AppError("method-not-allowed", `This path takes only ${allow}.`, { headers: { allow } });
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, i) => (isParameter(part) ? segments[i] !== "" : part === segments[i]))
  );
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  pattern.forEach((part, i) => {
    if (isParameter(part)) params[part.slice(1, -1)] = decoded(segments[i] ?? "");
  });
  return params;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new AppError("not-found", "The path is not properly percent-encoded.", { cause });
  }
}

function literalsFirst(a: PathEntry, b: PathEntry): number {
  const rank = (entry: PathEntry): string =>
    entry.segments.map((part) => (isParameter(part) ? "1" : "0")).join("");
  return rank(a).localeCompare(rank(b));
}

/** Parameter names of a path, in order. */
export function parameterNames(path: string): string[] {
  return path
    .split("/")
    .filter(isParameter)
    .map((part) => part.slice(1, -1));
}
