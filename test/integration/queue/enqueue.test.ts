import { Types } from "mongoose";
import { claim } from "../../../src/jobs/queue/claim";
import { complete } from "../../../src/jobs/queue/complete";
import { cancelJob, enqueue, enqueueMany } from "../../../src/jobs/queue/enqueue";
import { jobsCollection } from "../../../src/jobs/queue/jobs.collection";
import { inCentralTransaction } from "../../../src/lib/db/central.connection";
import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";

const requestId = "test";
const run = (clientCode: string, over: object = {}) => ({
  type: "automation.run" as const,
  payload: { clientCode, runId: new Types.ObjectId().toHexString() },
  requestId,
  ...over,
});

describe("enqueueing", () => {
  beforeAll(async () => {
    await migrateCentral();
  });
  afterAll(closeAllConnections);

  test("an immediate job is waiting, a delayed one is scheduled by the server's clock", async () => {
    const now = await enqueue(run("acme"));
    const later = await enqueue(run("acme", { delayMs: 60_000 }));
    const jobs = await jobsCollection();
    const rows = await jobs.find({}).sort({ _id: 1 }).toArray();
    expect(rows.map(({ _id, state }) => [_id.toHexString(), state])).toEqual([
      [now.jobId, "waiting"],
      [later.jobId, "scheduled"],
    ]);
    const ahead = (rows[1]?.runAt.getTime() ?? 0) - (rows[1]?.createdAt.getTime() ?? 0);
    expect(ahead).toBe(60_000);
  });

  test("a payload that does not parse is refused before anything is stored", async () => {
    const jobs = await jobsCollection();
    const before = await jobs.countDocuments();
    await expect(
      enqueue({ type: "automation.run", payload: { clientCode: "acme", runId: "$where" }, requestId }),
    ).rejects.toThrow(/runId/);
    expect(await jobs.countDocuments()).toBe(before);
  });

  test("50 enqueues at once with one unique key make one job, and the key is free again when it ends", async () => {
    const list = await Promise.all(Array.from({ length: 50 }, () => enqueue(run("unique", { key: "same" }))));
    expect(list.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(list.map(({ jobId }) => jobId)).size).toBe(1);
    const { jobs } = await claim({ queue: "crm", clientCode: "unique", count: 10, workerId: "w" });
    expect(jobs).toHaveLength(1);
    expect((await enqueue(run("unique", { key: "same" }))).created).toBe(false);
    expect(await complete(jobs.map((job) => ({ job })))).toBe(1);
    expect((await enqueue(run("unique", { key: "same" }))).created).toBe(true);
  });

  test("50 transactions at once with one unique key make one job; a rolled back one leaves none", async () => {
    const list = await Promise.all(
      Array.from({ length: 50 }, () =>
        inCentralTransaction((session) => enqueue(run("unique-tx", { key: "same" }), { session })),
      ),
    );
    expect(list.filter(({ created }) => created)).toHaveLength(1);
    const failing = inCentralTransaction(async (session) => {
      await enqueue(run("rolled-back"), { session });
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await (await jobsCollection()).countDocuments({ clientCode: "rolled-back" })).toBe(0);
  });

  test("many jobs are stored in the order given, keyed ones coalesce, and answers keep their places", async () => {
    const answers = await enqueueMany([
      run("bulk"),
      run("bulk", { key: "k" }),
      run("bulk"),
      run("bulk", { key: "k", delayMs: 5_000 }),
    ]);
    expect(answers.map(({ created }) => created).filter(Boolean)).toHaveLength(3);
    expect(answers[1]?.jobId).toBe(answers[3]?.jobId);
    expect(await (await jobsCollection()).countDocuments({ clientCode: "bulk" })).toBe(3);
  });

  test("cancelling by key ends a job that has not started and says when there is none", async () => {
    await enqueue(run("cancel", { key: "k", delayMs: 60_000 }));
    expect(await cancelJob("cancel", "automation.run", "k")).toBe(true);
    expect(await cancelJob("cancel", "automation.run", "k")).toBe(false);
    const row = await (await jobsCollection()).findOne({ clientCode: "cancel" });
    expect(row).toMatchObject({ state: "cancelled", key: "k" });
    expect(row?.activeKey).toBeUndefined();
  });
});
