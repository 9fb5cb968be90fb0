/** An import whose process is killed behind every slice ends as one that was not. */
import { join } from "node:path";
import { importSchema } from "../../../src/contracts/transfer.contract";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { processEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { sweepTransfers } from "../../../src/services/saas/crm/transfer/transfer.sweep";
import { type CrmTenant, crmTenant } from "../../integration/crm/crm.tenant";
import { drainAll } from "../../setup/drain";
import { runScriptFile } from "../../setup/run.script";

const child = join(__dirname, "../../integration/automation/crash.child.ts");
const rows = 1_503;
let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

/** A child works for 20 s at most, in which a busy machine may not come to a commit. */
async function killBehindNextSlice(): Promise<void> {
  const at = processEnvironment({ FAILPOINT: "after-change-committed" });
  const signals: (string | null)[] = [];
  while (signals.at(-1) !== "SIGKILL" && signals.length < 5)
    signals.push((await runScriptFile(child, ["drain"], at)).signal);
  expect(signals.at(-1)).toBe("SIGKILL");
}

test("nobody is made twice, nobody is left out, and the log has every event once", async () => {
  const lines = Array.from({ length: rows }, (_, n) => `K ${n},+35192${1_000_000 + n},Killed`);
  const text = ["name,phone,company", ...lines].join("\n");
  const made = (await tenant.api.post("/api/crm/imports", { text, mode: "commit" })).as(importSchema);
  const { Job } = await getCentralModels();
  const { Lead, Outbox, StageHistory, Activity } = tenant.models;
  const company = "Killed";
  for (let slice = 1; slice <= 3; slice += 1) {
    await killBehindNextSlice();
    expect(await Lead.countDocuments({ company })).toBe(slice * 500);
    await Job.updateMany({ state: "running" }, { $set: { leaseUntil: new Date(0) } });
  }
  await drainAll();
  // A job that three processes died of is dead; the sweep sees that the import got on, and gives it another.
  await tenant.models.LeadImport.updateOne({ state: "running" }, { $set: { updatedAt: new Date(0) } });
  await sweepTransfers(tenant.ctx);
  await drainAll();
  const done = (await tenant.api.get(`/api/crm/imports/${made.id}`)).as(importSchema);
  expect(done).toMatchObject({ state: "done", counts: { rows, created: rows, failed: 0 } });
  const leads = await Lead.find({ company }).sort({ rank: 1 }).lean();
  expect(leads.map(({ displayName }) => displayName)).toEqual(lines.map((_, n) => `K ${n}`));
  expect(await StageHistory.countDocuments({})).toBe(rows);
  for (const type of ["lead_created", "stage_enter"] as const)
    expect([await Outbox.countDocuments({ type }), await Activity.countDocuments({ type })]).toEqual([
      rows,
      rows,
    ]);
});
