/** A file of leads brought in by its job. */
import { Types } from "mongoose";
import { createImportSchema } from "../src/contracts/transfer.contract";
import { drainUntilIdle } from "../src/jobs/drain.until.idle";
import { createTenantContext } from "../src/lib/context/create.context";
import { tenantMediaStorage } from "../src/lib/media/storage/gridfs.storage";
import { getCrmModels } from "../src/lib/tenant/get.crm.model";
import { withTenant } from "../src/lib/tenant/tenant.registry";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";
import { createImport, transferDays } from "../src/services/saas/crm/transfer/import.service";
import { createUser } from "../src/services/saas/crm/user.service";
import type { makeTenant } from "./bench.tenant";
import { atLeast, type Figure } from "./figure";
import { timed } from "./measure";

type Tenant = Awaited<ReturnType<typeof makeTenant>>;

const owners = 50;

/** Imports a file by its job, and then the same file again. */
export async function bringIn({ clientCode }: Tenant, count: number): Promise<Figure[]> {
  await hireOwners(clientCode);
  const first = await importFile(clientCode, count);
  if (first.counts.created !== count)
    throw new Error(`The import is ${first.state} and made ${first.counts.created} of ${count} leads.`);
  const again = await importFile(clientCode, count);
  if (again.counts.unchanged !== count)
    throw new Error(`The second import left ${again.counts.unchanged} of ${count} leads as they are.`);
  const rows = count.toLocaleString("en-US");
  const mb = (bytes: number) => ({ value: Math.round(bytes / 1024 / 1024), unit: "MB" });
  const perSecond = (ms: number) => ({ value: Math.round((count / ms) * 1_000), unit: "rows/s" });
  return [
    {
      what: `import of ${rows} rows`,
      figure: perSecond(first.ms),
      target: { ...atLeast(1_500, 3_000), gated: false },
    },
    { what: "peak memory of the importing process", figure: mb(first.peak) },
    { what: "of that, grown since before the import", figure: mb(first.peak - first.before) },
    {
      what: "the same file again, which changes nothing",
      figure: perSecond(again.ms),
      target: { ...atLeast(3_000, 6_000), gated: false },
    },
  ];
}

async function importFile(clientCode: Tenant["clientCode"], count: number) {
  const importId = await openImport(clientCode, count);
  let peak = process.memoryUsage().rss;
  const before = peak;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  const { LeadImport } = await getCrmModels(clientCode);
  let record = await LeadImport.findById(importId).orFail().lean();
  const ms = await timed(async () => {
    // On a busy machine a lease may run out: the job is then due again a moment after the queue was idle.
    while (record.state === "queued" || record.state === "running") {
      await drainUntilIdle({ dispatch: dispatchEvents, limitMs: 600_000 });
      record = await LeadImport.findById(importId).orFail().lean();
    }
  });
  clearInterval(watch);
  return { ms, peak, before, counts: record.counts, state: record.state };
}

/** Whom the file names as owners: only people of the tenant can be. */
async function hireOwners(clientCode: Tenant["clientCode"]): Promise<void> {
  for (let n = 0; n < owners; n += 1) {
    const key = `owner_${n}`;
    const person = { key, name: `Owner ${n}`, email: `${key}@example.com` };
    await withTenant(clientCode, () => createUser(contextOf(clientCode), person));
  }
}

function contextOf(clientCode: Tenant["clientCode"]) {
  return createTenantContext({
    clientCode,
    actor: { type: "system", id: "bench" },
    requestId: "req_bench",
    dispatch: dispatchEvents,
  });
}

/** As an upload leaves it: the file in the storage, its record, its job. */
async function openImport(clientCode: Tenant["clientCode"], count: number): Promise<Types.ObjectId> {
  const ctx = contextOf(clientCode);
  return withTenant(clientCode, async () => {
    const input = createImportSchema.parse({ text: "phone\n", mode: "commit" });
    const made = await createImport(ctx, input);
    const _id = new Types.ObjectId(made.id);
    const { LeadImport } = await getCrmModels(clientCode);
    const storage = await tenantMediaStorage(clientCode);
    const sourceKey = storage.newKey();
    const { size } = await storage.write(sourceKey, fileOf(count));
    const expiresAt = new Date(Date.now() + transferDays * 24 * 60 * 60_000);
    await LeadImport.updateOne({ _id }, { $set: { sourceKey, sourceBytes: size, expiresAt } });
    return _id;
  });
}

async function* fileOf(count: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from("firstName,lastName,phone,email,company,ownerId,value,tags,custom.plan\n");
  for (let from = 0; from < count; from += 1_000) {
    const lines = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => {
      const n = from + index;
      return `Ana,Souza ${n},+35191${1_000_000 + n},ana${n}@example.com,Sol ${n % 500},owner_${n % owners},${n % 900},tag_${n % 20},gold\n`;
    });
    yield Buffer.from(lines.join(""));
  }
}
