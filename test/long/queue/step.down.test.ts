import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { endMongos, holdMongo, withClient } from "../../integration/mongo/held.mongo";
import { countOf, effects, endChildren, give, startChild, until } from "../../integration/queue/queue.faults";

const lines = ["one", "two", "three"];
let uri = "";

describe("the queue on three database nodes", () => {
  beforeAll(async () => {
    ({ uri } = await holdMongo({ members: 3 }));
    adoptEnvironment({ MONGODB_URI: uri });
    await createTenant("acme");
  }, 120_000);
  afterEach(endChildren);
  afterAll(async () => {
    await closeAllConnections();
    await endMongos();
  });

  test("loses no job and finishes none twice when the primary steps down during a drain, twice", async () => {
    const total = 1_200;
    const plan = { mode: "drain", concurrency: 8, jobMs: 40, untilIdleMs: 6_000 };
    const workers = [startChild(plan, { MONGODB_URI: uri }), startChild(plan, { MONGODB_URI: uri })];
    await Promise.all(workers.map(({ ready }) => ready));
    const inLine = (number: number) => (number % 10 === 0 ? { orderingKey: lines[(number / 10) % 3] } : {});
    await give(total, 3_000, inLine);
    for (const share of [0.2, 0.5]) {
      await until(
        `${share} of all is done`,
        async () => (await countOf({ state: "done" })) > total * share,
        60_000,
      );
      expect(await countOf({ state: "done" })).toBeLessThan(total);
      await withClient(uri, (client) =>
        client.db("admin").command({ replSetStepDown: 5, secondaryCatchUpPeriodSecs: 3 }),
      );
    }
    await until("all are done", async () => (await countOf({ state: "done" })) === total, 90_000);
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([0, 0]);

    expect(await countOf({})).toBe(total);
    expect(await countOf({ token: { $exists: true } })).toBe(0);
    const finished = await (await effects()).find({ phase: "finished" }).toArray();
    expect(new Set(finished.map(({ job }) => job)).size).toBe(total);
    // A job may begin again only where its first worker could not keep it: then the attempt says so.
    const again = await countOf({ attempts: { $gt: 1 } });
    expect(finished.length - total).toBeLessThanOrEqual(again);
    for (const orderingKey of lines) {
      const rows = await (await jobsCollection())
        .find({ orderingKey })
        .sort({ orderingSeq: 1 })
        .project<{ startedAt: Date; finishedAt: Date }>({ startedAt: 1, finishedAt: 1 })
        .toArray();
      expect(rows).toHaveLength(total / 30);
      for (const [place, row] of rows.entries())
        expect(row.startedAt.getTime()).toBeGreaterThanOrEqual(rows[place - 1]?.finishedAt.getTime() ?? 0);
    }
  }, 300_000);
});
