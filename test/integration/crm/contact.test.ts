import { Types } from "mongoose";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import {
  type Contact,
  findOrCreateContactInChange,
  type Touch,
  touchLeadInChange,
} from "../../../src/services/saas/crm/lead.service";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;

beforeAll(async () => {
  tenant = await crmTenant();
});
beforeEach(() => {
  takeEvents(tenant);
});
afterAll(closeAllConnections);

const contact = (from: Contact) =>
  commitChange(tenant.ctx, (change) => findOrCreateContactInChange(tenant.ctx, change, from));
const touch = (leadId: Types.ObjectId, what: Touch) =>
  commitChange(tenant.ctx, (change) => touchLeadInChange(tenant.ctx, change, leadId, what));

test("a first message makes a lead with all that WhatsApp tells of the person", async () => {
  const at = new Date("2026-11-20T10:00:00.000Z");
  const lead = await contact({
    waId: "5511988887777",
    profileName: " Ana  Souza ",
    username: "ana.s",
    userId: "BR.123",
    at,
  });
  expect(lead).toMatchObject({
    displayName: "Ana  Souza",
    firstName: "Ana",
    lastName: "Souza",
    source: "whatsapp",
    waId: "5511988887777",
    username: "ana.s",
    waUserId: "BR.123",
    phone: { e164: "+5511988887777" },
    consent: { whatsapp: { optIn: true, at, source: "inbound" } },
  });
  expect(lead.stageId).not.toBeNull();
  expect(takeEvents(tenant)).toEqual(["lead_created", "stage_enter"]);
});

test("the same person in any spelling, or by user id alone, is the same lead", async () => {
  const known = await newLead(tenant, { firstName: "Bruno", phone: "+5521988887777" });
  takeEvents(tenant);
  const old = await contact({ waId: "552188887777", userId: "BR.777", profileName: "bru" });
  expect(old._id.toHexString()).toBe(known.id);
  expect(old).toMatchObject({
    displayName: "Bruno",
    waId: "552188887777",
    phone: { e164: "+5521988887777" },
  });
  const byUser = await contact({ userId: "BR.777", username: "bruno" });
  expect(byUser._id.toHexString()).toBe(known.id);
  expect(takeEvents(tenant)).toEqual(["lead_updated", "lead_updated"]);
  await contact({ userId: "BR.777", username: "bruno" });
  expect(takeEvents(tenant)).toEqual([]);
});

test("a nameless lead takes the profile's name, and a person known by user id alone gains the phone", async () => {
  const first = await contact({ userId: "BR.555" });
  expect(first).toMatchObject({ displayName: "Unknown", phone: null });
  const later = await contact({ userId: "BR.555", waId: "5511911112222", profileName: "Carla" });
  expect(later._id).toEqual(first._id);
  expect(later).toMatchObject({
    displayName: "Carla",
    firstName: "Carla",
    phone: { e164: "+5511911112222" },
  });
});

test("30 parallel first messages of one person make one lead", async () => {
  const leads = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      contact(n % 2 ? { waId: "551177776666" } : { waId: "5511977776666", profileName: "Davi" }),
    ),
  );
  expect(new Set(leads.map(({ _id }) => _id.toHexString())).size).toBe(1);
  expect(await tenant.models.Lead.countDocuments({ "phone.candidates": "+5511977776666" })).toBe(1);
});

test("parallel first messages in several processes, which share nothing but the database, make one lead", async () => {
  // A transaction of its own for each, past the queue by which one process orders its changes of a tenant.
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const leads = await Promise.all(
    Array.from({ length: 5 }, () =>
      connection.transaction((session) =>
        findOrCreateContactInChange(
          tenant.ctx,
          { session, models: tenant.models, now: new Date(), record: () => "", afterCommit: () => undefined },
          { waId: "5511966665555" },
        ),
      ),
    ),
  );
  expect(new Set(leads.map(({ _id }) => _id.toHexString())).size).toBe(1);
});

test("a deleted person who writes again is a new lead", async () => {
  const before = await contact({ waId: "5511955554444" });
  await tenant.api.delete(`/api/crm/leads/${before._id.toHexString()}`);
  const after = await contact({ waId: "5511955554444" });
  expect(after._id).not.toEqual(before._id);
});

test("messages move times forward only, in whatever order they come", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  const id = new Types.ObjectId(lead.id);
  const [early, late] = [new Date("2026-11-23T08:00:00Z"), new Date("2026-11-23T09:00:00Z")];
  await touch(id, { inboundAt: late });
  await touch(id, { inboundAt: early });
  await touch(id, { outboundAt: early });
  const stored = await tenant.models.Lead.findById(id).lean();
  expect(stored).toMatchObject({
    lastInboundAt: late,
    lastOutboundAt: early,
    lastActivityAt: late,
    consent: { whatsapp: { optIn: true, at: early, source: "inbound" } },
  });
  expect(takeEvents(tenant)).toEqual(["lead_updated"]);
});

test("a person who opted out stays so when they write", async () => {
  const lead = await newLead(tenant, { firstName: "E", consent: { whatsapp: { optIn: false } } });
  await touch(new Types.ObjectId(lead.id), { inboundAt: new Date() });
  const stored = await tenant.models.Lead.findById(lead.id).lean();
  expect(stored?.consent.whatsapp).toMatchObject({ optIn: false, source: "api" });
});
