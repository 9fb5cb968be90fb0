/** One request at a time through the function of leads: what it adds to the database's own work. */
import { handler } from "../functions/leads";
import { leadSchema } from "../src/contracts/lead.contract";
import { centralConnection } from "../src/lib/db/central.connection";
import { apiEvent } from "../src/lib/http/api.event";
import { tenantConnection } from "../src/lib/tenant/tenant.registry";
import { bareDriver } from "./bare.driver";
import { bareLeads } from "./bare.lead";
import { makeTenant } from "./bench.tenant";
import { type CommandWatch, watchCommands } from "./commands";
import { aimsAt, type Figure, type Report } from "./figure";
import { inRounds, median, timed } from "./measure";

const rounds = 8;
const reads = 250;
const creations = 40;

type Keys = Awaited<ReturnType<typeof makeTenant>>;

/** What one request took, and what of it passed with no database call under way. */
interface Taken {
  readonly ms: number;
  readonly ownMs: number;
  readonly calls: number;
}

export async function run(): Promise<Report> {
  const keys = await makeTenant("requests");
  const watch = watchCommands(await centralConnection());
  const bare = bareDriver();
  try {
    const create = () => request(keys, watch, "POST", "/api/crm/leads", 201, newLead());
    const warm = await many(creations, create);
    const leadId = warm.at(-1)?.id ?? "";
    const read = () => request(keys, watch, "GET", `/api/crm/leads/${leadId}`, 200);
    await many(reads, read);
    const driver = await bareLeads(bare, (await tenantConnection(keys.clientCode)).name);
    await many(creations, () => driver.create());
    return {
      figures: [
        ...(await compare("GET a lead", reads, read, () => driver.read(leadId))),
        ...(await compare("POST a lead", creations, create, () => driver.create())),
      ],
      notes: ["Handler time is what passed with no database call under way."],
    };
  } finally {
    await bare.close();
  }
}

async function compare(
  what: string,
  count: number,
  ours: () => Promise<Taken>,
  theirs: () => Promise<unknown>,
): Promise<Figure[]> {
  const results = await inRounds(
    rounds,
    () => many(count, ours),
    () => many(count, () => timed(theirs)),
  );
  const taken = results.ours.flat();
  const figure = median(taken.map(({ ms }) => ms));
  const limit = median(results.theirs.flat());
  return [
    {
      what: `${what}, p50, beside the same operations by the bare driver`,
      figure: { value: figure, unit: "ms" },
      limit: { value: limit, unit: "ms" },
      ratio: limit / figure,
    },
    {
      what: `${what}: handler time over its own database calls, p50`,
      figure: { value: median(taken.map(({ ownMs }) => ownMs)), unit: "ms" },
      target: aimsAt(0.5, 0.2),
    },
    { what: `${what}: database calls`, figure: { value: median(taken.map(({ calls }) => calls)), unit: "" } },
  ];
}

async function many<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i += 1) results.push(await work());
  return results;
}

/** Sends one request and checks its answer. */
async function request(
  { apiKey, clientCode }: Keys,
  watch: CommandWatch,
  method: string,
  target: string,
  expected: number,
  body?: unknown,
): Promise<Taken & { id: string }> {
  const event = apiEvent({
    method,
    target,
    rawHeaders: ["content-type", "application/json", "x-api-key", apiKey, "x-client-code", clientCode],
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
  });
  watch.reset();
  const began = performance.now();
  const answer = await handler(event);
  const ms = performance.now() - began;
  if (answer.statusCode !== expected)
    throw new Error(`${method} ${target} answered ${answer.statusCode}: ${answer.body}`);
  const { id } = leadSchema.pick({ id: true }).parse(JSON.parse(answer.body ?? ""));
  return { ms, ownMs: ms - watch.busyMs(), calls: watch.sent.length, id };
}

let phones = 0;

function newLead() {
  phones += 1;
  return { firstName: "Ana", lastName: "Souza", phone: `+35191${String(phones).padStart(7, "0")}` };
}
