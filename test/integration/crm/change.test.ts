import { trusted } from "mongoose";
import { changesSchema } from "../../../src/contracts/change.contract";
import { settingsSchema } from "../../../src/contracts/settings.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const changes = async (query: string) =>
  (await tenant.api.get(`/api/crm/changes?${query}`)).as(changesSchema);

test("who follows the log sees every event once, in order and without gaps", async () => {
  const leads = await Promise.all(Array.from({ length: 12 }, () => newLead(tenant)));
  const seen = [];
  let after = 0;
  for (;;) {
    const page = await changes(`after=${after}&limit=5`);
    seen.push(...page.data);
    after = page.lastSeq;
    expect(page.nextCursor).toBe(page.hasMore ? String(after) : null);
    if (!page.hasMore) break;
  }
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
  const created = seen.filter(({ type }) => type === "lead_created").map(({ subject }) => subject.leadId);
  expect(new Set(created)).toEqual(new Set(leads.map(({ id }) => id)));
  expect(await changes(`after=${after}`)).toEqual({
    data: [],
    nextCursor: null,
    hasMore: false,
    lastSeq: after,
  });
});

test("a place the log has not reached is no cursor of it", async () => {
  const answer = await tenant.api.get("/api/crm/changes?after=999999");
  expect([answer.status, answer.problem().code]).toEqual([400, "invalid-cursor"]);
  for (const after of ["-1", "x", "1.5"])
    expect((await tenant.api.get(`/api/crm/changes?after=${after}`)).status).toBe(400);
});

test("a place whose followers are gone is answered with 410 and where to begin again", async () => {
  const { lastSeq } = await changes("after=0&limit=100");
  await tenant.models.Outbox.deleteMany({ seq: trusted({ $lte: 4 }) });
  for (const after of [0, 3]) {
    const gone = await tenant.api.get(`/api/crm/changes?after=${after}`);
    expect(gone.json()).toMatchObject({ status: 410, code: "cursor-expired", oldestSeq: 5 });
  }
  expect((await changes("after=4&limit=1")).data[0]?.seq).toBe(5);
  expect((await changes("limit=1")).data[0]?.seq).toBe(5);
  await tenant.models.Outbox.deleteMany({});
  expect((await tenant.api.get(`/api/crm/changes?after=${lastSeq - 1}`)).status).toBe(410);
  expect((await changes(`after=${lastSeq}`)).lastSeq).toBe(lastSeq);
});

test("settings are read and changed with versions, and tell of it", async () => {
  const before = await tenant.api.get("/api/crm/settings");
  expect(before.as(settingsSchema)).toMatchObject({ defaultCountry: "BR", version: 1 });
  const patched = await tenant.api.patch("/api/crm/settings", { timezone: "America/Sao_Paulo" });
  expect(patched.as(settingsSchema)).toMatchObject({ timezone: "America/Sao_Paulo", version: 2 });
  expect(tenant.events.at(-1)).toMatchObject({
    type: "settings_updated",
    changes: { timezone: { to: "America/Sao_Paulo" } },
  });
  const stale = await tenant.api.patch("/api/crm/settings", { locale: "pt_BR" }, { "if-match": '"1"' });
  expect(stale.status).toBe(412);
  expect((await tenant.api.patch("/api/crm/settings", { timezone: "Nowhere" })).status).toBe(400);
  expect((await tenant.api.patch("/api/crm/settings", { plan: "gold" })).status).toBe(400);
});

test("settings take only days and countries that there are", async () => {
  for (const [patch, pointer] of [
    [{ holidays: ["2026-02-30"] }, "/holidays/0"],
    [{ defaultCountry: "XX" }, "/defaultCountry"],
  ] as const) {
    const refused = await tenant.api.patch("/api/crm/settings", patch);
    expect(refused.problem()).toMatchObject({ status: 400, errors: [{ pointer }] });
  }
});
