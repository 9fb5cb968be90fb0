/** functions/*.ts, serverless.yml and the route tables say the same. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Route } from "../../src/lib/http/define.route";
import { routes } from "../../src/routes";
import { runFramework } from "./run.framework";

const eventSchema = z.union([
  z.strictObject({ httpApi: z.string() }),
  z.strictObject({ schedule: z.string() }),
]);
const configSchema = z.object({
  functions: z.record(
    z.string(),
    z.object({
      handler: z.string(),
      memorySize: z.number().optional(),
      timeout: z.number().optional(),
      events: z.array(eventSchema),
    }),
  ),
});
type Config = z.infer<typeof configSchema>;

const folder = join(__dirname, "../../functions");
const files = readdirSync(folder).map((name) => name.replace(/\.ts$/, ""));

let deployed: Config;
let local: Config;

beforeAll(async () => {
  [deployed, local] = await Promise.all(
    ["prod", "local"].map(async (stage) =>
      configSchema.parse(JSON.parse(await runFramework(["print", "--format", "json", "--stage", stage]))),
    ),
  ).then(([first, second]) => [configSchema.parse(first), configSchema.parse(second)]);
}, 120_000);

const httpEvents = (config: Config, key: string): string[] =>
  (config.functions[key]?.events ?? []).flatMap((event) => ("httpApi" in event ? [event.httpApi] : []));
const keyOfRoute = ({ method, path }: Route): string => `${method} ${path}`;

async function routesOf(file: string): Promise<string[] | undefined> {
  const loaded = z
    .object({ handler: z.union([z.object({ routes: z.array(z.custom<Route>()) }), z.function()]) })
    .parse(await import(join(folder, `${file}.ts`)));
  return "routes" in loaded.handler ? loaded.handler.routes.map(keyOfRoute) : undefined;
}

test("every file of functions/ is a function of the same name, and the other way round", () => {
  const named = Object.fromEntries(files.map((file) => [file, `functions/${file}.handler`]));
  const found = Object.entries(local.functions).map(([key, { handler }]) => [key, handler]);
  expect(Object.fromEntries(found)).toEqual(named);
});

test("no function's file has a dot in its name, where Lambda would end it", () => {
  expect(files.filter((file) => file.includes("."))).toEqual([]);
});

test("only stage local has the function local", () => {
  const { local: controls, ...others } = local.functions;
  expect(controls).toBeDefined();
  expect(Object.keys(deployed.functions).sort()).toEqual(Object.keys(others).sort());
  const paths = Object.keys(deployed.functions).flatMap((key) => httpEvents(deployed, key));
  expect(paths.filter((event) => event.includes("/local"))).toEqual([]);
  expect(routes.filter(({ path }) => path.startsWith("/local"))).toEqual([]);
});

test("every function is called for exactly the routes that it serves", async () => {
  for (const file of files) {
    const served = await routesOf(file);
    if (file === "docs" || !served) continue;
    expect([file, ...httpEvents(local, file).sort()]).toEqual([file, ...served.sort()]);
  }
});

test("every route has exactly one function, and docs takes the rest", () => {
  const events = Object.keys(deployed.functions).flatMap((key) => httpEvents(deployed, key));
  expect(events.filter((event) => event !== "*").sort()).toEqual(routes.map(keyOfRoute).sort());
  expect(events.filter((event) => event === "*")).toHaveLength(1);
  expect(httpEvents(deployed, "docs")).toContain("*");
});

test("functions behind the gateway end before it gives up; the pollers run every minute and are called by nothing else", () => {
  for (const [key, { events, timeout }] of Object.entries(deployed.functions)) {
    if (httpEvents(deployed, key).length > 0) expect(timeout ?? 29).toBeLessThanOrEqual(29);
    else expect([key, events]).toEqual([key, [{ schedule: "rate(1 minute)" }]]);
  }
});
