/** A tenant with many leads: bringing them in, and what a front end asks for then, beside the bare driver's queries. */
import type { mongo, Types } from "mongoose";
import * as z from "zod";
import { handler as leads } from "../functions/leads";
import { handler as pipelines } from "../functions/pipelines";
import { apiEvent } from "../src/lib/http/api.event";
import { getCrmModels } from "../src/lib/tenant/get.crm.model";
import { tenantConnection } from "../src/lib/tenant/tenant.registry";
import type { AreaOptions } from "./area";
import { bareDriver } from "./bare.driver";
import { makeTenant } from "./bench.tenant";
import { bringIn } from "./crm.import";
import { atLeast, atMost, type Figure, type Report } from "./figure";
import { inRounds, median, quantile, timed } from "./measure";

const rounds = 5;
const reads = 40;
const moves = 15;
type Tenant = Awaited<ReturnType<typeof makeTenant>>;

export async function run({ full }: AreaOptions): Promise<Report> {
  const count = full ? 100_000 : 10_000;
  const tenant = await makeTenant("many");
  const bare = bareDriver();
  try {
    const imported = await bringIn(tenant, count);
    const db = bare.db((await tenantConnection(tenant.clientCode)).name);
    return {
      figures: [...imported, ...(await asked(tenant, db)), await deepPage(tenant, db, count / 100)],
      notes: [
        `${count.toLocaleString("en-US")} leads; --full has 100,000. Every lead is a row with its identity, stage history, two events and two timeline lines.`,
      ],
    };
  } finally {
    await bare.close();
  }
}

async function asked(tenant: Tenant, db: mongo.Db): Promise<Figure[]> {
  const collection = db.collection("leads");
  const pipeline = await db.collection("pipelines").findOne({ isDefault: true });
  const { Pipeline } = await getCrmModels(tenant.clientCode);
  const { _id, stages } = await Pipeline.findOne({ isDefault: true }).orFail().lean();
  if (!pipeline) throw new Error("The tenant has no pipeline.");
  const base = `/api/crm/pipelines/${_id.toHexString()}`;
  const [first, second] = stages;
  if (!first || !second) throw new Error("The pipeline has no two stages.");
  const page = (filter: mongo.Filter<mongo.BSON.Document>, sort: mongo.Sort) =>
    collection
      .find({ deletedAt: null, ...filter })
      .sort(sort)
      .limit(26)
      .toArray();
  const column = { rank: { $gt: "" } };
  const board = async () => {
    await collection
      .aggregate(
        [
          { $match: { stageId: { $in: stages.map((stage) => stage._id) }, ...column } },
          { $project: { _id: 0, stageId: 1, "value.currency": 1, "value.amount": 1 } },
          {
            $group: {
              _id: { stage: "$stageId", currency: "$value.currency" },
              count: { $sum: 1 },
              amount: { $sum: "$value.amount" },
            },
          },
        ],
        { hint: "totals" },
      )
      .toArray();
    for (const stage of stages) await page({ stageId: stage._id, ...column }, { rank: 1 });
  };
  const newest = { createdAt: -1, _id: -1 } as const;
  const get =
    (path: string, ask = leads) =>
    () =>
      request(tenant, ask, "GET", path);
  return [
    ...(await compare("list leads", reads, get("/api/crm/leads"), () => page({}, newest), 0.3)),
    ...(await compare(
      "list an owner's leads",
      reads,
      get("/api/crm/leads?ownerId=owner_7"),
      () => page({ ownerId: "owner_7" }, newest),
      0.15,
    )),
    ...(await compare(
      "find a lead by e-mail",
      reads,
      get("/api/crm/leads?email=ana77@example.com"),
      () => page({ emailLower: "ana77@example.com" }, newest),
      0.15,
    )),
    ...(await compare(
      "search by a condition and a word",
      reads,
      () =>
        request(tenant, leads, "POST", "/api/crm/leads/search", {
          condition: { all: [{ field: "lead.ownerId", op: "equals", value: "owner_7" }] },
          query: "souz",
        }),
      async () => {
        // Which fields there are is the tenant's to say.
        await db.collection("customFields").find({}).toArray();
        await page({ $and: [{ "search.words": { $regex: "^souz" } }, { ownerId: "owner_7" }] }, newest);
      },
      0.15,
    )),
    ...(await compare("board", 8, get(`${base}/board`, pipelines), board, 0.3)),
    ...(await compare("metrics", 4, get(`${base}/metrics`, pipelines), () => metrics(db, _id), 0.3)),
    ...(await moveFigures(tenant, collection, [first._id, second._id])),
  ];
}

const pageSchema = z.object({ nextCursor: z.string() });
const profileSchema = z.object({ keysExamined: z.number() });

/** Follows the list to a page far back: what it examines there, beside the first page. */
async function deepPage(tenant: Tenant, db: mongo.Db, pages: number): Promise<Figure> {
  const keysOf = async (cursor: string) => {
    await db.setProfilingLevel("all");
    await request(tenant, leads, "GET", `/api/crm/leads?limit=25${cursor}`);
    await db.setProfilingLevel("off");
    const [entry] = await db
      .collection("system.profile")
      .find({ op: "query", ns: `${db.databaseName}.leads` })
      .sort({ $natural: -1 })
      .limit(1)
      .toArray();
    return profileSchema.parse(entry).keysExamined;
  };
  const first = await keysOf("");
  let cursor = "";
  for (let page = 1; page < pages; page += 1) {
    const body = await request(tenant, leads, "GET", `/api/crm/leads?limit=25${cursor}`);
    cursor = `&cursor=${pageSchema.parse(JSON.parse(body)).nextCursor}`;
  }
  const keys = await keysOf(cursor);
  return {
    what: `index keys examined by page ${pages.toLocaleString("en-US")} of the list, beside page 1`,
    figure: { value: keys, unit: "keys" },
    limit: { value: first, unit: "keys" },
    ratio: keys / first,
    target: atMost(1.2, 1),
  };
}

/** What the figures are made of: who came where, how long those stayed that left, what stages hold. */
async function metrics(db: mongo.Db, pipelineId: Types.ObjectId): Promise<void> {
  const history = db.collection("stageHistory");
  const from = new Date(Date.now() - 30 * 24 * 60 * 60_000);
  await history
    .aggregate(
      [
        { $match: { pipelineId, enteredAt: { $gte: from } } },
        { $project: { _id: 0, fromStageId: 1, toStageId: 1 } },
        { $group: { _id: { from: "$fromStageId", to: "$toStageId" }, count: { $sum: 1 } } },
      ],
      { hint: "entered" },
    )
    .toArray();
  await db
    .collection("leads")
    .aggregate(
      [
        { $match: { stageId: { $ne: null }, rank: { $gt: "" } } },
        {
          $group: {
            _id: { stage: "$stageId", currency: "$value.currency" },
            amount: { $sum: "$value.amount" },
          },
        },
      ],
      { hint: "totals" },
    )
    .toArray();
}

/** A move beside the one write that it is for the lead, by the bare driver with majority. */
async function moveFigures(
  tenant: Tenant,
  collection: mongo.Collection,
  [home, away]: readonly [Types.ObjectId, Types.ObjectId],
): Promise<Figure[]> {
  const ids = await collection
    .find({ stageId: home, deletedAt: null }, { projection: { _id: 1 } })
    .limit(rounds * moves)
    .toArray();
  let next = 0;
  const ours = async () => {
    const id = String(ids[next++ % ids.length]?._id);
    await request(tenant, leads, "POST", `/api/crm/leads/${id}/move`, { stageId: away.toHexString() });
  };
  const theirs = () =>
    collection.updateOne(
      { _id: ids[0]?._id ?? home },
      { $set: { updatedAt: new Date() }, $inc: { bench: 1 } },
    );
  return compare("move a lead (bare: one write of one lead)", moves, ours, theirs, 0.02);
}

async function compare(
  what: string,
  count: number,
  ours: () => Promise<unknown>,
  theirs: () => Promise<unknown>,
  least: number,
): Promise<Figure[]> {
  const times = async (work: () => Promise<unknown>) => {
    const taken: number[] = [];
    for (let i = 0; i < count; i += 1) taken.push(await timed(work));
    return taken;
  };
  await times(theirs);
  const results = await inRounds(
    rounds,
    () => times(ours),
    () => times(theirs),
  );
  const taken = results.ours.flat();
  const limits = results.theirs.flat();
  const [figure, limit] = [median(taken), median(limits)];
  return [
    {
      what: `${what}, p50, beside the same queries by the bare driver`,
      figure: { value: figure, unit: "ms" },
      limit: { value: limit, unit: "ms" },
      ratio: limit / figure,
      target: atLeast(least, Math.min(1, least * 2)),
    },
    {
      what: `${what}, p99`,
      figure: { value: quantile(taken, 0.99), unit: "ms" },
      limit: { value: quantile(limits, 0.99), unit: "ms" },
    },
  ];
}

/** Sends one request and checks that it went well. @returns its body. */
async function request(
  { apiKey, clientCode }: Tenant,
  ask: typeof leads,
  method: string,
  target: string,
  body?: unknown,
): Promise<string> {
  const event = apiEvent({
    method,
    target,
    rawHeaders: ["content-type", "application/json", "x-api-key", apiKey, "x-client-code", clientCode],
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
  });
  const answer = await ask(event);
  if (answer.statusCode !== 200)
    throw new Error(`${method} ${target} answered ${answer.statusCode}: ${answer.body}`);
  return answer.body ?? "";
}
