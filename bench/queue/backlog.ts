/** What a claim costs with a long backlog: its rate, and the index keys the server looks at. */
import * as z from "zod";
import { claim } from "../../src/jobs/queue/claim";
import { jobsCollection } from "../../src/jobs/queue/jobs.collection";
import { tenantsWithWork } from "../../src/jobs/queue/tenants.with.work";
import { atLeast, atMost, type Figure } from "../figure";
import { timed } from "../measure";
import { codeAt, empty, fill, tenantCodes } from "./bench.jobs";

/** Claims only, 20 a turn, from tenants in turn. */
async function claimRate(claims: number): Promise<number> {
  let won = 0;
  const ms = await timed(async () => {
    for (let turn = 0; turn < claims; turn += 1)
      won += (await claim({ queue: "crm", clientCode: codeAt(turn), count: 20, workerId: "bench" })).jobs
        .length;
  });
  return (won / ms) * 1_000;
}

const profileSchema = z.array(z.object({ keysExamined: z.number().default(0) }));

/** Index keys that the server examined for the jobs while this ran. */
async function keysExamined(work: () => Promise<unknown>): Promise<number> {
  const { db } = await jobsCollection();
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const rows = await db
    .collection("system.profile")
    .find({ ns: `${db.databaseName}.jobs` })
    .toArray();
  await db.collection("system.profile").drop();
  return profileSchema.parse(rows).reduce((sum, row) => sum + row.keysExamined, 0);
}

/** @param least the smaller backlog; the larger one is ten times that. */
export async function backlog(least: number): Promise<Figure[]> {
  await empty();
  await fill(least, codeAt);
  await claimRate(20);
  const small = [await claimRate(100), await claimRate(100), await claimRate(100)];
  await fill(9 * least, codeAt);
  await claimRate(20);
  const large = [await claimRate(100), await claimRate(100), await claimRate(100)];
  const n = 20;
  const claimed = await keysExamined(async () => {
    await tenantsWithWork("crm");
    await claim({ queue: "crm", clientCode: codeAt(7), count: n, workerId: "bench" });
  });
  const jobs = await jobsCollection();
  await jobs.updateMany(
    { state: "waiting" },
    { $set: { state: "done" } },
    { writeConcern: { w: 1, journal: false } },
  );
  const idle = await keysExamined(() => tenantsWithWork("crm"));
  return [
    {
      what: `claim rate with ${count(10 * least)} waiting, beside ${count(least)}`,
      figure: { value: Math.round(Math.max(...large)), unit: "/s" },
      limit: { value: Math.round(Math.max(...small)), unit: "/s" },
      ratio: Math.max(...large) / Math.max(...small),
      target: atLeast(0.5, 0.9),
    },
    {
      what: `index keys examined by a claim of ${n}, looking for tenants included, 200 tenants`,
      figure: { value: claimed, unit: "" },
      target: atMost(3 * n + tenantCodes.length, 2 * n + 2),
    },
    {
      what: `index keys examined by an empty poll, ${count(10 * least)} finished jobs beside`,
      figure: { value: idle, unit: "" },
      target: atMost(tenantCodes.length, 1),
    },
  ];
}

const count = (number: number): string => number.toLocaleString("en-US");
