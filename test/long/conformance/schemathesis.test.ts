/**
 * Every operation of the API as its own document tells it, tried by Schemathesis over the Express host of a whole local
 * stack: with what the document shows, at the limits it names, with what it forbids, and at random.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { controlsOf } from "../../../dev/demo/clients";
import { seedDemoData } from "../../../dev/stack/seed";
import { readStack, type Stack } from "../../../dev/stack/stack.file";
import { processEnvironment } from "../../../src/lib/env/env";
import { routes } from "../../../src/routes";
import { ApiClient, httpTransport, keysOf } from "../../builders/api.client";
import { type RunningScript, startScript } from "../../setup/run.script";
import { knownPlaces } from "./known.places";
import { installSchemathesis, runSchemathesis } from "./schemathesis";

jest.setTimeout(2_400_000);

const seed = 20_261_123;
const examples = 8;

/** Operations that would end the run, each with the reason. */
const leftOut = {
  offboardClient: "removes the client that other operations are tried on",
  rotateClientDataSource: "moves the client to made-up clusters and waits for each of them",
};

/** Made-up clusters do not answer, which is told by 503. */
const unavailable = ["createClient"];

/** Of a list with more filters than this the limits are not tried: Schemathesis takes every subset of them. */
const mostFilters = 7;
const manyFilters = routes.filter(({ input }) => Object.keys(input.query?.shape ?? {}).length > mostFilters);
/** Nor of a list of a thousand ids, which takes it minutes to make. */
const uncombined = [...manyFilters.map(({ operationId }) => operationId), "startAutomationRuns"];

const tags = [...new Set(routes.map(({ tag }) => tag))];
const idsSchema = z.object({ data: z.array(z.object({ id: z.string() })).min(1) });

let root: string;
let script: RunningScript;
let stack: Stack;
let packages: string;
let document: string;
let headers: Record<string, string>;
let parameters: Record<string, Record<string, string>>;

beforeAll(async () => {
  packages = await installSchemathesis();
  root = await mkdtemp(join(tmpdir(), "ecod-schemathesis-"));
  const folder = join(root, ".ecod");
  await mkdir(folder);
  script = startScript(
    "test/e2e/stack.child.ts",
    [folder, "express"],
    processEnvironment({ MONGODB_URI: "", ECOD_CENTRAL_DB: "services", API_RATE_PER_SECOND: "0" }),
  );
  await script.firstLine;
  stack = await readStack(folder);
  parameters = await furnish(stack);
  document = join(root, "openapi.json");
  await writeFile(document, await documentOf(stack.apiUrl));
});

afterAll(async () => {
  script?.child.kill("SIGTERM");
  await script?.ended;
  await rm(root, { recursive: true, force: true });
});

const documentSchema = z.looseObject({
  components: z.looseObject({ schemas: z.looseObject({ AutomationDefinition: z.unknown() }) }),
});

/**
 * The document as the API answers it, but that a rule to be stored may be any object: to make rules up from their grammar
 * takes Schemathesis hours. Rules at random are tried by `test/integration/automation`; what is answered stays strict.
 */
async function documentOf(apiUrl: string): Promise<string> {
  const told = documentSchema.parse(await (await fetch(`${apiUrl}/api/openapi.json`)).json());
  told.components.schemas.AutomationDefinition = { type: "object", description: "A rule." };
  return JSON.stringify(told);
}

/** Puts something of everything into the first tenant. @returns what there is, for the places of paths */
async function furnish({ apiUrl, adminKey, tenants }: Stack): Promise<typeof parameters> {
  const [tenant, second] = tenants;
  if (!tenant || !second) throw new Error("The stack has fewer than two tenants.");
  headers = { ...keysOf(tenant), "x-admin-key": adminKey };
  const api = new ApiClient(httpTransport(apiUrl), headers);
  await seedDemoData(stack, () => undefined);
  const world = controlsOf(stack);
  const { phoneNumberId } = tenant;
  await world.inbound({ phoneNumberId, from: "351912345678", name: "Ana", type: "text", text: "Hello" });
  await world.drain();
  const first = async (path: string): Promise<string> => {
    const [found] = (await api.get(path)).as(idsSchema).data;
    return found?.id ?? "";
  };
  const conversation = await first("/api/crm/conversations");
  const pipeline = (await api.get("/api/crm/pipelines")).as(
    z.object({ data: z.array(z.object({ id: z.string(), stages: z.array(z.object({ id: z.string() })) })) }),
  ).data[0];
  return knownPlaces(api, routes, {
    "/api/crm/conversations/{id}": conversation,
    "/api/crm/messages/{id}": await first(`/api/crm/conversations/${conversation}/messages`),
    "/api/crm/pipelines/{id}": pipeline?.id ?? "",
    "/api/crm/pipelines/{id}/stages/{stageId}": pipeline?.stages[0]?.id ?? "",
    "/api/crm/automations/{id}": await first("/api/crm/automations"),
    "/api/admin/clients/{clientCode}": second.clientCode,
    "/api/admin/clients/{clientCode}/whatsapp-numbers/{phoneNumberId}": second.phoneNumberId,
  });
}

test.each(tags)("%s: no server error, and no answer that the document does not tell", async (tag) => {
  const workspace = await mkdtemp(join(root, "run-"));
  const without = Object.keys(leftOut);
  const report = await runSchemathesis({
    ...{ packages, workspace, document, apiUrl: stack.apiUrl, headers, parameters },
    ...{ tag, without, uncombined, unavailable, seed, examples },
  });
  console.log(report.text.slice(report.text.indexOf("= SUMMARY =")));
  if (!report.passed) throw new Error(report.text);
  const meant = routes.filter((route) => route.tag === tag && !without.includes(route.operationId));
  expect(report.tested).toBe(meant.length);
});

const logLineSchema = z.object({
  message: z.literal("request"),
  operationId: z.string(),
  status: z.number(),
});

test("most operations were tried with success, so that it was not only refusals that were looked at", async () => {
  const succeeded = new Set<string>();
  for (const line of (await readFile(join(root, ".ecod/host.log"), "utf8")).split("\n")) {
    if (!line.startsWith("{")) continue;
    const { data } = logLineSchema.safeParse(JSON.parse(line));
    if (data && data.status < 400) succeeded.add(data.operationId);
  }
  const without = routes.map(({ operationId }) => operationId).filter((id) => !succeeded.has(id));
  console.log(
    `${succeeded.size} of ${routes.length} operations succeeded at least once; not: ${without.join(", ")}`,
  );
  expect(succeeded.size / routes.length).toBeGreaterThan(0.7);
});
