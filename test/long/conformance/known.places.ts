/** Ids of things that exist, for the places of paths: made-up ones would find nothing but 404. */
import * as z from "zod";
import type { Route } from "../../../src/lib/http/define.route";
import type { ApiClient } from "../../builders/api.client";
import { sampleBody } from "../../conformance/sample";

/** What to write at a place, by the path up to it: `/api/crm/leads/{id}`. */
export type Places = Readonly<Record<string, string>>;

const namesSchema = z.looseObject({
  id: z.string().nullish(),
  keyId: z.string().nullish(),
  endpointId: z.string().nullish(),
  key: z.string().nullish(),
  n: z.number().nullish(),
});
const listSchema = z.object({ data: z.array(namesSchema) });

/**
 * For every path with places, a value for each of them by its name: what is known, else a new thing made by the POST
 * of the path before it, else the first of its list. A place that none of them fills is left out.
 */
export async function knownPlaces(
  api: ApiClient,
  routes: readonly Route[],
  known: Places,
): Promise<Record<string, Record<string, string>>> {
  const places = new Map(Object.entries(known));
  const routeOf = (method: string, path: string) =>
    routes.find((route) => route.method === method && route.path === path && route.output.body);

  const made = async (path: string, url: string): Promise<string | undefined> => {
    const post = routeOf("POST", path);
    const answer = post && (await api.post(url, sampleBody(post)));
    return answer && answer.status < 300 ? nameOf(answer.as(namesSchema)) : undefined;
  };
  const listed = async (path: string, url: string): Promise<string | undefined> => {
    const list = routeOf("GET", path) && listSchema.safeParse((await api.get(url)).json());
    return list?.success ? nameOf(list.data.data[0] ?? {}) : undefined;
  };
  const found = async (path: string): Promise<Record<string, string>> => {
    const values: Record<string, string> = {};
    let pattern = "";
    let url = "";
    for (const part of path.split("/").slice(1)) {
      const before = pattern;
      pattern += `/${part}`;
      if (!part.startsWith("{")) {
        url += `/${part}`;
        continue;
      }
      const value = places.get(pattern) ?? (await made(before, url)) ?? (await listed(before, url));
      if (value === undefined) break;
      places.set(pattern, value);
      values[part.slice(1, -1)] = value;
      url += `/${encodeURIComponent(value)}`;
    }
    return values;
  };

  const filled: Record<string, Record<string, string>> = {};
  for (const path of new Set(routes.map((route) => route.path)))
    if (path.includes("{")) filled[path] = await found(path);
  return filled;
}

function nameOf({ id, keyId, endpointId, key, n }: z.infer<typeof namesSchema>): string | undefined {
  return id ?? keyId ?? endpointId ?? key ?? n?.toString();
}
