/** Every statement of the queue stays on its index, with so many keys and no more, whatever else is in the collection. */
import { Types } from "mongoose";
import * as z from "zod";
import { beat } from "../../../src/jobs/queue/beat";
import { claim } from "../../../src/jobs/queue/claim";
import { complete } from "../../../src/jobs/queue/complete";
import { enqueue } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { unpark } from "../../../src/jobs/queue/park";
import { promoteDue } from "../../../src/jobs/queue/promote";
import { reapExpired } from "../../../src/jobs/queue/reap";
import { releaseNext, releaseOrphans } from "../../../src/jobs/queue/release";
import { tenantsWithWork } from "../../../src/jobs/queue/tenants.with.work";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import type { JobRecord, JobState } from "../../../src/model/clients/job.schema";

const tenants = 50;
const hourMs = 3_600_000;

function row(state: JobState, place: number, over: Partial<JobRecord> = {}): JobRecord {
  const createdAt = new Date(Date.now() - hourMs);
  return {
    _id: new Types.ObjectId(),
    clientCode: `t${place % tenants}`,
    queue: "crm",
    type: "automation.run",
    payload: { clientCode: `t${place % tenants}`, runId: new Types.ObjectId().toHexString() },
    payloadVersion: 1,
    state,
    priority: 0,
    runAt: state === "scheduled" ? new Date(Date.now() + hourMs + place) : createdAt,
    attempts: state === "done" ? 1 : 0,
    maxAttempts: 10,
    leaseMs: 30_000,
    crashes: 0,
    blockedBy: null,
    failures: [],
    requestId: "test",
    createdAt,
    ...(state === "done" ? { finishedAt: createdAt, expireAt: new Date(Date.now() + 24 * hourMs) } : {}),
    ...over,
  };
}

const opSchema = z.object({
  op: z.string(),
  planSummary: z.string().optional(),
  keysExamined: z.number().default(0),
  docsExamined: z.number().default(0),
  hasSortStage: z.boolean().default(false),
});

/** What the server did for the jobs collection while this ran: every statement, with its plan. */
async function statementsOf(work: () => Promise<unknown>) {
  const { db } = await jobsCollection();
  await db.command({ profile: 0 });
  await db.collection("system.profile").drop();
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const ops = await db
    .collection("system.profile")
    .find({ ns: `${db.databaseName}.jobs` })
    .toArray();
  const statements = z.array(opSchema).parse(ops);
  expect(statements.length).toBeGreaterThan(0);
  // Inserts and commands without a plan aside, nothing sorts in memory or reads the whole collection.
  for (const statement of statements) {
    expect(statement.hasSortStage).toBe(false);
    expect(statement.planSummary ?? "").not.toContain("COLLSCAN");
  }
  return statements;
}
const keysOf = (statements: readonly { keysExamined: number }[]) =>
  statements.reduce((sum, { keysExamined }) => sum + keysExamined, 0);

export interface Sizes {
  readonly finished: number;
  readonly future: number;
  readonly waiting: number;
}

const inOneLine = 1_000;

async function fill({ finished, future, waiting }: Sizes): Promise<void> {
  const jobs = await jobsCollection();
  const inLine = (orderingKey: string, place: number) => ({
    orderingKey,
    orderingSeq: place,
    blockedBy: "key" as const,
  });
  const kinds: [number, (place: number) => JobRecord][] = [
    [finished, (place) => row("done", place)],
    [future, (place) => row("scheduled", place)],
    [waiting, (place) => row("waiting", place)],
    [200, (place) => row("scheduled", place, inLine(`k${place}`, place))],
    [inOneLine, (place) => row("scheduled", 9, inLine("long", place))],
  ];
  for (const [count, make] of kinds)
    for (let from = 0; from < count; from += 5_000)
      await jobs.insertMany(
        Array.from({ length: Math.min(5_000, count - from) }, (_, index) => make(from + index)),
        { ordered: false },
      );
}

/** The tests, over a collection of these sizes. */
export function testPlans(sizes: Sizes): void {
  beforeAll(async () => {
    await migrateCentral();
    await fill(sizes);
  }, 300_000);
  afterAll(closeAllConnections);

  test("a claim of n looks at no more than 3n keys, a claim of one at three", async () => {
    const many = await statementsOf(() =>
      claim({ queue: "crm", clientCode: "t1", count: 20, workerId: "w" }),
    );
    expect(keysOf(many)).toBeLessThanOrEqual(60);
    const one = await statementsOf(() => claim({ queue: "crm", clientCode: "t1", count: 1, workerId: "w" }));
    expect(keysOf(one)).toBeLessThanOrEqual(3);
  });

  test("a claim for a tenant without work, and a poll of an empty queue, look at nothing of the history", async () => {
    const none = await statementsOf(() =>
      claim({ queue: "crm", clientCode: "nobody", count: 20, workerId: "w" }),
    );
    expect(keysOf(none)).toBeLessThanOrEqual(1);
    const empty = await statementsOf(() => tenantsWithWork("media"));
    expect(keysOf(empty)).toBeLessThanOrEqual(1);
  });

  test("who has work costs one key per tenant, however many jobs wait", async () => {
    const found: string[] = [];
    const look = await statementsOf(async () => found.push(...(await tenantsWithWork("crm"))));
    expect(found).toHaveLength(tenants);
    expect(keysOf(look)).toBeLessThanOrEqual(tenants + 1);
  });

  test("promoting and reaping look only at what is due, and unparking only at what is parked", async () => {
    const jobs = await jobsCollection();
    const future = await statementsOf(promoteDue);
    expect(keysOf(future)).toBeLessThanOrEqual(1);
    await jobs.insertMany(
      Array.from({ length: 5 }, (_, place) => row("scheduled", place, { runAt: new Date() })),
    );
    const due = await statementsOf(async () => expect(await promoteDue()).toBe(5));
    expect(keysOf(due)).toBeLessThanOrEqual(20);

    const running = await claim({ queue: "crm", clientCode: "t2", count: 50, workerId: "w" });
    const nothing = await statementsOf(reapExpired);
    expect(keysOf(nothing)).toBeLessThanOrEqual(1);
    await jobs.updateOne({ _id: running.jobs[0]?.id }, { $set: { leaseUntil: new Date(0) } });
    const reaped = await statementsOf(async () => expect(await reapExpired()).toBe(1));
    expect(keysOf(reaped)).toBeLessThanOrEqual(4);
    expect(keysOf(await statementsOf(unpark))).toBeLessThanOrEqual(1);
  });

  test("a beat and a completion look at what is held, a completion of 50 is one round trip", async () => {
    const { jobs: held } = await claim({ queue: "crm", clientCode: "t3", count: 50, workerId: "w" });
    const beaten = await statementsOf(() => beat([...new Set(held.map(({ token }) => token))]));
    expect(keysOf(beaten)).toBeLessThanOrEqual(51);
    const done = await statementsOf(async () =>
      expect(await complete(held.map((job) => ({ job })))).toBe(50),
    );
    expect(done).toHaveLength(1);
    expect(keysOf(done)).toBeLessThanOrEqual(101);
  });

  test("an enqueue with keys, and letting the next of a line out, look at that key alone", async () => {
    const job = { type: "automation.run" as const, requestId: "test" };
    const payload = { clientCode: "t4", runId: new Types.ObjectId().toHexString() };
    const stored = await statementsOf(() => enqueue({ ...job, payload, key: "one", orderingKey: "o" }));
    expect(keysOf(stored)).toBeLessThanOrEqual(3);
    const freed = await statementsOf(async () =>
      expect(await releaseNext([{ clientCode: "t7", orderingKey: "k7" }])).toBe(1),
    );
    expect(keysOf(freed)).toBeLessThanOrEqual(6);
    const long = { clientCode: "t9", orderingKey: "long" };
    const first = await statementsOf(async () => expect(await releaseNext([long])).toBe(1));
    expect(keysOf(first)).toBeLessThanOrEqual(6);
  });

  test("a look for lines without a head costs what it is told to cost, and goes round until all were seen", async () => {
    const limit = 200;
    let freed = 0;
    // 1,198 jobs in 200 lines that are left.
    for (let look = 0; look < 6; look += 1) {
      const statements = await statementsOf(async () => {
        freed += await releaseOrphans(limit);
      });
      // Each line that was seen: its place, its head, and the job that becomes its head.
      expect(keysOf(statements)).toBeLessThanOrEqual(6 * limit);
    }
    expect(freed).toBe(199);
  });
}
