import { type ClientSession, Types } from "mongoose";
import { drain } from "../../../src/jobs/drain";
import { enqueue } from "../../../src/jobs/queue/enqueue";
import type { JobHandler } from "../../../src/jobs/queue/job.handler";
import { jobsCollection, marksCollection } from "../../../src/jobs/queue/jobs.collection";
import { centralConnection, inCentralTransaction } from "../../../src/lib/db/central.connection";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { onlyAutomationRun } from "./queue.handlers";

const run = (over: object = {}) => ({
  type: "automation.run" as const,
  payload: { clientCode: "acme", runId: new Types.ObjectId().toHexString() },
  requestId: "test",
  ...over,
});
const drainWith = (handler: JobHandler<"automation.run">) =>
  drain({
    queues: ["crm"],
    concurrency: 4,
    dispatch: async () => undefined,
    untilIdleMs: 0,
    handlers: onlyAutomationRun(handler),
  });
const rowOf = async (id: string) => (await jobsCollection()).findOne({ _id: new Types.ObjectId(id) });
const markOf = async (id: string) => (await marksCollection()).findOne({ _id: `test:${id}` });

/** What these handlers write centrally. */
async function writeMark(id: string, session: ClientSession): Promise<void> {
  await (await marksCollection()).insertOne({ _id: `test:${id}`, value: 1, at: new Date() }, { session });
}

describe("completing a job with its handler's own transaction", () => {
  beforeAll(async () => {
    await createTenant("acme");
  });
  beforeEach(async () => {
    await (await jobsCollection()).deleteMany({});
  });
  afterAll(closeAllConnections);

  test("stores the central write and the job's end together, and lets the next of its line out", async () => {
    const first = await enqueue(run({ orderingKey: "line" }));
    const second = await enqueue(run({ orderingKey: "line" }));
    const states: unknown[] = [];
    const report = await drainWith(async (_ctx, _payload, job) => {
      if (job.id === second.jobId) return;
      await inCentralTransaction(async (session) => {
        await writeMark(job.id, session);
        await job.completeWith(session, { written: 1 });
      });
      states.push((await rowOf(first.jobId))?.state, (await rowOf(second.jobId))?.state);
    });
    expect(states).toEqual(["done", "waiting"]);
    expect(report).toMatchObject({ ran: 2, done: 2, lost: 0, idle: true });
    expect(await rowOf(first.jobId)).toMatchObject({ state: "done", attempts: 1, result: { written: 1 } });
    expect(await markOf(first.jobId)).toMatchObject({ value: 1 });
  });

  test("stores neither when the transaction fails; the job is tried again", async () => {
    const { jobId } = await enqueue(run());
    const report = await drainWith(async (_ctx, _payload, job) =>
      inCentralTransaction(async (session) => {
        await writeMark(job.id, session);
        await job.completeWith(session);
        throw new Error("the last write failed");
      }),
    );
    expect(report).toMatchObject({ done: 0, retried: 1 });
    expect(await rowOf(jobId)).toMatchObject({ state: "scheduled", attempts: 1 });
    expect(await markOf(jobId)).toBeNull();
  });

  test("stores nothing once the job is somebody else's", async () => {
    const { jobId } = await enqueue(run());
    const report = await drainWith(async (_ctx, _payload, job) => {
      const jobs = await jobsCollection();
      await jobs.updateOne({ _id: new Types.ObjectId(job.id) }, { $set: { token: "another" } });
      await inCentralTransaction(async (session) => {
        await writeMark(job.id, session);
        await job.completeWith(session);
      });
    });
    expect(report).toMatchObject({ ran: 1, done: 0 });
    expect(await rowOf(jobId)).toMatchObject({ state: "running", token: "another" });
    expect(await markOf(jobId)).toBeNull();
  });

  test("refuses a session that inCentralTransaction did not begin", async () => {
    const { jobId } = await enqueue(run());
    const refused: unknown[] = [];
    await drainWith(async (_ctx, _payload, job) => {
      const session = await (await centralConnection()).startSession();
      await job.completeWith(session).catch((error: unknown) => refused.push(error));
      await session.endSession();
    });
    expect(refused).toEqual([expect.objectContaining({ name: "ForeignSessionError" })]);
    expect(await rowOf(jobId)).toMatchObject({ state: "done" });
  });
});
