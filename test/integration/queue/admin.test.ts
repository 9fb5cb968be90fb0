/** The platform team sees and steers the queue, over the API and from a shell. */
import { setTimeout as sleep } from "node:timers/promises";
import { Types } from "mongoose";
import * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import {
  jobActsSchema,
  jobDetailSchema,
  jobViewSchema,
  queueHealthSchema,
} from "../../../src/contracts/job.contract";
import { drain } from "../../../src/jobs/drain";
import { countJobs, countStages, mostCounted } from "../../../src/jobs/queue/count.jobs";
import { enqueue, enqueueMany } from "../../../src/jobs/queue/enqueue";
import { JobFailedForGood } from "../../../src/jobs/queue/job.errors";
import type { JobHandler } from "../../../src/jobs/queue/job.handler";
import { lagPercentile } from "../../../src/jobs/queue/job.minutes";
import {
  jobsCollection,
  minutesCollection,
  steeringCollection,
} from "../../../src/jobs/queue/jobs.collection";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { adoptEnvironment, processEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import type { JobRecord, JobState } from "../../../src/model/clients/job.schema";
import { adminJobRoutes } from "../../../src/routes/admin/jobs.routes";
import { adminHealthRoutes } from "../../../src/routes/health.routes";
import { createAdminKey } from "../../../src/services/clients/admin.key.service";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { createTenant, platformContext } from "../../builders/client.builder";
import { startScript } from "../../setup/run.script";
import { onlyAutomationRun } from "./queue.handlers";

type Handler = JobHandler<"automation.run">;
const jobsPage = pageSchema(jobViewSchema);
const path = "/api/admin/jobs";

const work = (handler: Handler = async () => undefined) =>
  drain({
    queues: ["crm"],
    concurrency: 8,
    dispatch: async () => undefined,
    untilIdleMs: 0,
    handlers: onlyAutomationRun(handler),
  });
const fail: Handler = async () => {
  throw new JobFailedForGood("no-such-run", "The run is gone.");
};
const job = (clientCode: string) => ({
  type: "automation.run" as const,
  payload: { clientCode, runId: new Types.ObjectId().toHexString() },
  requestId: "test",
});
const give = (clientCode: string, count: number) =>
  enqueueMany(Array.from({ length: count }, () => job(clientCode)));

adoptEnvironment({ EMF_METRICS: "on" });

/** What this process writes to standard output meanwhile, as lines of JSON. */
async function linesDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const written: string[] = [];
  const write = jest.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  try {
    await work();
  } finally {
    write.mockRestore();
  }
  return written
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): unknown => JSON.parse(line));
}

/** Runs `npm run jobs -- ...args` as a shell would. */
const jobs = (args: readonly string[]) => startScript("src/cli/jobs.ts", args, processEnvironment()).ended;

function row(state: JobState, clientCode: string): JobRecord {
  return {
    _id: new Types.ObjectId(),
    clientCode,
    ...job(clientCode),
    queue: "crm",
    payloadVersion: 1,
    state,
    priority: 0,
    runAt: new Date(),
    attempts: 0,
    maxAttempts: 10,
    leaseMs: 30_000,
    crashes: 0,
    blockedBy: null,
    failures: [],
    createdAt: new Date(),
  };
}

describe("the platform team and the queue", () => {
  let admin: ApiClient;

  beforeAll(async () => {
    for (const code of ["acme", "other"]) await createTenant(code);
    const { key } = await createAdminKey(platformContext(), { name: "anna" });
    admin = new ApiClient(lambdaTransport([...adminJobRoutes, ...adminHealthRoutes]), { "x-admin-key": key });
  });
  beforeEach(async () => {
    for (const collection of [await jobsCollection(), await steeringCollection(), await minutesCollection()])
      await collection.deleteMany({});
  });
  afterAll(closeAllConnections);

  const health = async () => (await admin.get("/api/admin/queues")).as(queueHealthSchema);
  const crm = async () => {
    const [queue] = (await health()).queues.filter(({ queue }) => queue === "crm");
    if (!queue) throw new Error("There is no queue crm in the queue's health.");
    return queue;
  };
  const auditOf = async (jobId: string): Promise<string[]> => {
    const { PlatformAudit } = await getCentralModels();
    const acts = await PlatformAudit.find({ "detail.jobId": jobId }).sort({ _id: 1 }).lean();
    return acts.map(({ action, actor }) => `${action} ${actor.id}`);
  };
  const dead = async (clientCode: string): Promise<string> => {
    const { jobId } = await enqueue({ ...job(clientCode), key: "twin", orderingKey: "line" });
    expect(await work(fail)).toMatchObject({ dead: 1 });
    return jobId;
  };

  test("counts end at 10,000 and look at that many keys of an index and at no job", async () => {
    const jobs = await jobsCollection();
    await jobs.insertMany(Array.from({ length: mostCounted + 500 }, () => row("waiting", "acme")));
    await jobs.insertMany([row("dead", "acme"), row("dead", "other"), row("scheduled", "other")]);
    const counts = await countJobs(["crm"]);
    expect(counts.map(({ clientCode }) => clientCode)).toEqual(["acme", "other"]);
    expect(counts[0]).toMatchObject({
      waiting: { count: mostCounted, capped: true },
      dead: { count: 1, capped: false },
    });
    expect(counts[1]).toMatchObject({ waiting: { count: 0 }, scheduled: { count: 1 }, dead: { count: 1 } });
    expect((await crm()).waiting).toEqual({ count: mostCounted, capped: true });

    const statsSchema = z.object({ totalKeysExamined: z.number(), totalDocsExamined: z.number() });
    for (const [state, hint] of [
      ["waiting", "claim"],
      ["scheduled", "later"],
      ["dead", "dead"],
    ] as const) {
      const plan = await jobs
        .aggregate(countStages("crm", "acme", state), { hint })
        .explain("executionStats");
      const text = JSON.stringify(plan);
      expect(text).not.toContain("COLLSCAN");
      const [cursor] = z
        .object({ stages: z.array(z.looseObject({})) })
        .or(
          z
            .looseObject({ executionStats: statsSchema })
            .transform((whole) => ({ stages: [{ $cursor: whole }] })),
        )
        .parse(plan).stages;
      const { executionStats } = z
        .object({ $cursor: z.object({ executionStats: statsSchema }) })
        .parse(cursor).$cursor;
      expect(executionStats.totalDocsExamined).toBe(0);
      expect(executionStats.totalKeysExamined).toBeLessThanOrEqual(mostCounted + 1);
    }
  });

  test("a drain writes its minutes once, and throughput, failures and lag are read from them", async () => {
    await give("acme", 20);
    await give("other", 5);
    let failed = 0;
    const lines = await linesDuring(() =>
      work(async ({ clientCode }) => {
        if (clientCode === "other" && failed++ < 2) throw new JobFailedForGood("no", "No.");
      }),
    );
    const minutes = await (await minutesCollection()).find().toArray();
    expect(new Set(minutes.map(({ clientCode }) => clientCode))).toEqual(new Set(["acme", "other"]));
    expect(minutes.length).toBeLessThanOrEqual(4);
    expect(minutes.every(({ expireAt }) => expireAt > new Date())).toBe(true);

    const { last5Minutes, lastHour } = await crm();
    expect(last5Minutes).toMatchObject({ done: 23, failed: 2, dead: 2, retried: 0, perMinute: 4.6 });
    expect(last5Minutes.failureRate).toBeCloseTo(2 / 25, 3);
    expect(last5Minutes.lagMs.p99).toBeGreaterThan(0);
    expect(lastHour.done).toBe(23);
    const tenants = (await health()).tenants.map(({ clientCode, lastHour: { done } }) => [clientCode, done]);
    expect(tenants).toEqual([
      ["acme", 20],
      ["other", 3],
    ]);
    // CloudWatch gets the same numbers, in one line.
    const told = lines.filter((line) => JSON.stringify(line).includes("_aws"));
    expect(told).toMatchObject([
      {
        _aws: { CloudWatchMetrics: [{ Namespace: "ecod", Dimensions: [["service", "stage", "queue"]] }] },
        stage: "local",
        queue: "crm",
        JobsDone: 23,
        AttemptsFailed: 2,
        JobsDead: 2,
        JobsRetried: 0,
        AttemptsCrashed: 0,
        PickUpLagP99: last5Minutes.lagMs.p99,
      },
    ]);
    expect(lagPercentile({ "5": 98, "250": 1, more: 1 }, 0.5)).toBe(5);
    expect(lagPercentile({ "5": 98, "250": 1, more: 1 }, 0.99)).toBe(250);
    expect(lagPercentile({}, 0.99)).toBeNull();
  });

  test("attempts whose worker fell silent are among the figures, and so are the jobs that died of it", async () => {
    const silent = { token: "gone", leaseUntil: new Date(0), attempts: 1 };
    const collection = await jobsCollection();
    await collection.insertMany([
      { ...row("running", "acme"), ...silent },
      { ...row("running", "acme"), ...silent, crashes: 2 },
    ]);
    expect(await work()).toMatchObject({ done: 1 });
    const { last5Minutes } = await crm();
    expect(last5Minutes).toMatchObject({ done: 1, crashed: 2, failed: 2, dead: 1, retried: 1 });
    expect((await admin.get("/api/admin/metrics")).bytes.toString()).toContain(
      'ecod_queue_attempts{queue="crm",window="5m",outcome="crashed"} 2\n',
    );
  });

  test("a paused tenant's jobs wait while others run, and run when it is resumed", async () => {
    await give("acme", 3);
    await give("other", 2);
    const paused = await admin.post("/api/admin/queues/crm/pause", { clientCode: "acme" });
    expect(paused.json()).toEqual({ target: "tenant:acme", paused: true });
    expect(await work()).toMatchObject({ done: 2 });
    const { tenants } = await health();
    expect(tenants.find(({ clientCode }) => clientCode === "acme")).toMatchObject({
      paused: true,
      waiting: { count: 3, capped: false },
    });
    expect((await admin.post("/api/admin/queues/crm/resume", { clientCode: "acme" })).json()).toEqual({
      target: "tenant:acme",
      paused: false,
    });
    expect(await work()).toMatchObject({ done: 3 });

    expect((await admin.post("/api/admin/queues/crm/pause", { type: "media.process" })).status).toBe(422);
    expect((await admin.post("/api/admin/queues/none/pause", {})).status).toBe(404);
    expect((await admin.post("/api/admin/queues/crm/pause", { clientCode: "nobody" })).status).toBe(404);
  });

  test("a dead job is shown with its errors, and a retry runs it, in line, under the admin's name", async () => {
    const id = await dead("acme");
    const shown = (await admin.get(`${path}/${id}`)).as(jobDetailSchema);
    expect(shown).toMatchObject({ state: "dead", errors: [{ code: "no-such-run" }] });
    const retried = (await admin.post(`${path}/${id}/retry`)).as(jobDetailSchema);
    expect(retried).toMatchObject({ state: "waiting", attempts: 0, finishedAt: null });
    expect(retried.history.map(({ what }) => what)).toContain("job.retry by anna");
    expect((await admin.post(`${path}/${id}/retry`)).problem()).toMatchObject({ code: "invalid-state" });
    expect(await work()).toMatchObject({ done: 1 });
    expect((await admin.get(`${path}/${id}`)).as(jobDetailSchema)).toMatchObject({ state: "done" });
    expect(await auditOf(id)).toEqual(["job.retry anna", "job.retry anna"]);
  });

  test("a dead job is not retried beside a younger one of its unique key, and can be discarded", async () => {
    const id = await dead("acme");
    await enqueue({ ...job("acme"), key: "twin" });
    expect((await admin.post(`${path}/${id}/retry`)).problem()).toMatchObject({ code: "duplicate" });
    expect((await admin.post(`${path}/${id}/discard`)).as(jobDetailSchema).state).toBe("cancelled");
    expect((await admin.post(`${path}/${id}/discard`)).status).toBe(422);
    expect(await auditOf(id)).toContain("job.discard anna");
    expect((await admin.get(`${path}/${new Types.ObjectId().toHexString()}`)).status).toBe(404);
  });

  test("many dead jobs are retried or discarded by a filter, up to a limit", async () => {
    await give("acme", 5);
    await give("other", 2);
    expect(await work(fail)).toMatchObject({ dead: 7 });
    const { Alert } = await getCentralModels();
    const alarmed = async () =>
      new Set((await Alert.find({ code: "job-dead", state: "open" }).lean()).map((one) => one.clientCode));
    expect(await alarmed()).toEqual(new Set(["acme", "other"]));
    const first = (await admin.post(`${path}/retry`, { clientCode: "acme", limit: 3 })).as(jobActsSchema);
    expect(first).toEqual({ acted: 3, skipped: 0, more: true });
    expect(await alarmed()).toEqual(new Set(["acme", "other"]));
    expect((await admin.post(`${path}/retry`, { clientCode: "acme" })).json()).toMatchObject({ acted: 2 });
    expect(await alarmed()).toEqual(new Set(["other"]));
    expect(await work()).toMatchObject({ done: 5 });
    expect((await admin.post(`${path}/discard`, { type: "automation.run" })).json()).toMatchObject({
      acted: 2,
      more: false,
    });
    expect((await crm()).dead.count).toBe(0);
    expect(await alarmed()).toEqual(new Set());
  });

  test("lists go on by cursor, and another list's cursor is refused", async () => {
    await give("acme", 3);
    await give("other", 2);
    const first = (await admin.get(`${path}?limit=2&state=waiting`)).as(jobsPage);
    const rest = (await admin.get(`${path}?limit=100&state=waiting&cursor=${first.nextCursor}`)).as(jobsPage);
    expect(new Set([...first.data, ...rest.data].map(({ id }) => id)).size).toBe(5);
    expect(rest.hasMore).toBe(false);
    const wrong = await admin.get(`${path}?limit=2&state=dead&cursor=${first.nextCursor}`);
    expect(wrong.problem()).toMatchObject({ status: 400, code: "invalid-cursor" });
    expect((await admin.get(`${path}?clientCode=other`)).as(jobsPage).data).toHaveLength(2);
    expect((await admin.get(`${path}?clientCode=other&type=whatsapp.send`)).as(jobsPage).data).toEqual([]);
    expect((await admin.get(`${path}?state=done`)).problem().errors).toMatchObject([
      { pointer: "/query/clientCode" },
    ]);
    let seen: string[] = [];
    await work(async () => {
      if (seen.length === 0) {
        seen = ["asking"];
        await sleep(50);
        seen = (await admin.get(`${path}?state=running`)).as(jobsPage).data.map(({ state }) => state);
      } else await sleep(300);
    });
    expect(new Set(seen)).toEqual(new Set(["running"]));
  });

  test("the command and the route tell the same numbers, and the command acts as the route does", async () => {
    const id = await dead("acme");
    await give("acme", 4);
    const stats = await jobs(["stats", "--json"]);
    expect(stats.code).toBe(0);
    const { at: _then, ...told } = queueHealthSchema.parse(JSON.parse(stats.stdout));
    const { at: _now, ...answered } = await health();
    expect(told).toEqual(answered);
    expect(told.queues[0]).toMatchObject({ waiting: { count: 4 }, dead: { count: 1 } });

    expect((await jobs(["pause", "client:acme"])).code).toBe(0);
    expect((await health()).tenants).toMatchObject([{ clientCode: "acme", paused: true }]);
    expect((await jobs(["retry", id])).stdout).toContain("is retried: it is waiting now.");
    expect((await auditOf(id)).at(-1)).toMatch(/^job.retry shell:/);
    const [refused, misused] = await Promise.all([jobs(["retry", id]), jobs(["pause", "everything"])]);
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain("The job is waiting; only one that is dead can be retried.");
    expect([misused.code, misused.stdout]).toEqual([2, ""]);
  }, 240_000);

  test("health and metrics tell the same counts", async () => {
    await give("acme", 4);
    const answer = z
      .object({ queues: z.array(z.looseObject({ queue: z.string(), waiting: z.unknown() })) })
      .parse((await admin.get("/api/admin/health")).json());
    expect(answer.queues).toMatchObject([{ queue: "crm", waiting: { count: 4, capped: false } }, {}]);
    const metrics = await admin.get("/api/admin/metrics");
    expect(metrics.headers["content-type"]).toContain("text/plain");
    const text = metrics.bytes.toString();
    expect(text).toContain('ecod_queue_jobs{queue="crm",state="waiting"} 4\n');
    expect(text).toContain('ecod_queue_client_jobs{queue="crm",client="acme",state="waiting"} 4\n');
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+\{.*\} [\d.]+)$/);
  });
});
