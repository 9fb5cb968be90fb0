/** Conversations found by themselves, by their leads and by what was written, with thousands of each. */
import { Types } from "mongoose";
import * as z from "zod";
import { pageSchema } from "../../../src/contracts/common.contract";
import { conversationSchema } from "../../../src/contracts/conversation.contract";
import { leadSearch } from "../../../src/lib/search/lead.search";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

const total = 2_000;
const page = pageSchema(conversationSchema);
const path = "/api/crm/conversations/search";
const statuses = ["open", "pending", "snoozed", "resolved"] as const;
let tenant: CrmTenant;
/** Ids of the conversations; the n-th is with the n-th lead and was busy n minutes into the year. */
const ids: string[] = [];

beforeAll(async () => {
  tenant = await crmTenant();
  const seed = await newLead(tenant, { firstName: "Seed" });
  const pattern = await tenant.models.Lead.findById(seed.id).orFail().lean();
  await tenant.models.Lead.deleteMany({});
  const connectionId = new Types.ObjectId();
  const leads = Array.from({ length: total }, (_, n) => {
    const lead = {
      ...pattern,
      _id: new Types.ObjectId(),
      firstName: n % 400 === 0 ? "Ágata" : "Bruno",
      displayName: n % 400 === 0 ? `Ágata Rocha ${n}` : `Bruno Lima ${n}`,
      tags: n % 2 ? ["Many"] : n % 100 === 0 ? ["few"] : [],
      ownerId: `owner_${n % 10}`,
      deletedAt: n === 1_200 ? new Date() : null,
      stageId: null,
      rank: null,
    };
    return { ...lead, search: leadSearch(lead, new Set()) };
  });
  await tenant.models.Lead.collection.insertMany(leads);
  const conversations = leads.map(({ _id: leadId }, n) => {
    const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000);
    return {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: at,
      updatedAt: at,
      leadId,
      channel: "whatsapp" as const,
      connectionId,
      status: statuses[n % 4] ?? "open",
      snoozedUntil: null,
      priority: n % 50 === 0 ? ("urgent" as const) : ("none" as const),
      assigneeId: null,
      teamId: null,
      participantIds: [],
      labels: n % 10 === 0 ? ["VIP"] : [],
      unreadCount: n % 3,
      lastMessage: null,
      lastActivityAt: at,
      lastInboundAt: null,
      windowExpiresAt: null,
      waitingSince: n % 6 === 0 ? at : null,
      firstReplyAt: null,
      resolvedAt: null,
      botActive: false,
      custom: {},
    };
  });
  await tenant.models.Conversation.collection.insertMany(conversations);
  ids.push(...conversations.map(({ _id }) => _id.toHexString()));
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("all");
});
afterAll(closeAllConnections);

const lead = (field: string, op: string, value?: unknown) => ({ field: `lead.${field}`, op, value });
const own = (field: string, op: string, value?: unknown) => ({ field: `conversation.${field}`, op, value });
const numbers = Array.from({ length: total }, (_, n) => n);

/** Which conversations a search finds, through all its pages. */
async function walk(search: Record<string, unknown>): Promise<number[]> {
  const found: number[] = [];
  let cursor: string | null | undefined;
  do {
    const answer = await tenant.api.post(path, { limit: 100, ...search, ...(cursor ? { cursor } : {}) });
    const { data, nextCursor } = answer.as(page);
    found.push(...data.map(({ id }) => ids.indexOf(id)));
    cursor = nextCursor;
  } while (cursor);
  return found;
}

const profileSchema = z.object({
  planSummary: z.string().default(""),
  keysExamined: z.number().default(0),
  hasSortStage: z.boolean().default(false),
});

/** What the server did for conversations since a time. */
async function plansOf(work: () => Promise<unknown>) {
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const since = new Date();
  await work();
  const filter = { ns: /\.conversations$/, ts: { $gte: since } };
  return z.array(profileSchema).parse(await connection.collection("system.profile").find(filter).toArray());
}

test("conversations are found by the words of a lead's name, without accents, and not those of a deleted lead", async () => {
  expect(await walk({ query: "agata" })).toEqual([1_600, 800, 400, 0]);
  expect(await walk({ condition: lead("displayName", "starts_with", "ágata") })).toEqual([
    1_600, 800, 400, 0,
  ]);
  const listed = (await tenant.api.get("/api/crm/conversations?q=agata%20rocha")).as(page);
  expect(listed.data.map(({ id }) => ids.indexOf(id))).toEqual([1_600, 800, 400, 0]);
});

test("what many leads have in common is found too, in pages that go both ways", async () => {
  const condition = { all: [lead("tags", "any_of", ["many"]), own("status", "equals", "resolved")] };
  const expected = numbers.filter((n) => n % 4 === 3);
  expect(await walk({ condition })).toEqual([...expected].reverse());
  expect(await walk({ condition, sort: "lastActivityAt" })).toEqual(expected);
  expect(await walk({ query: "bruno", condition: own("priority", "in", ["urgent", "high"]) })).toEqual(
    numbers.filter((n) => n % 50 === 0 && n % 400 !== 0).reverse(),
  );
}, 60_000);

test("conditions on the conversation and its lead are mixed at will", async () => {
  const condition = {
    any: [
      lead("tags", "all_of", ["few"]),
      { all: [own("labels", "all_of", ["VIP"]), { not: lead("ownerId", "is_not_empty") }] },
      own("id", "equals", ids[7]),
    ],
  };
  expect(await walk({ condition })).toEqual(
    numbers.filter((n) => (n % 100 === 0 && n !== 1_200) || n === 7).reverse(),
  );
  expect(await walk({ condition: own("labels", "any_of", ["vip"]) })).toEqual([]);
  const waiting = numbers.filter((n) => n % 6 === 0);
  expect(await walk({ sort: "waitingSince" })).toEqual(waiting);
  expect(await walk({ sort: "-waitingSince", condition: own("unreadCount", "gt", 0) })).toEqual([]);
  expect(await walk({ sort: "-waitingSince", condition: own("unreadCount", "equals", 0) })).toEqual(
    waiting.reverse(),
  );
}, 60_000);

test("a page reads from an index, in the order of the list, about as much as it shows; a late one no more", async () => {
  const searches = [
    { condition: own("status", "equals", "open") },
    { condition: lead("tags", "any_of", ["many"]) },
    { condition: { any: [lead("tags", "any_of", ["many"]), own("labels", "any_of", ["VIP"])] } },
    { query: "bruno", sort: "waitingSince" },
  ];
  for (const search of searches) {
    let cursor: string | null = null;
    for (let n = 0; n < 6; n += 1) {
      const plans = await plansOf(async () => {
        const body = { ...search, limit: 10, ...(cursor ? { cursor } : {}) };
        cursor = (await tenant.api.post(path, body)).as(page).nextCursor;
      });
      expect(plans.length).toBeGreaterThan(0);
      for (const plan of plans) {
        expect(plan).toMatchObject({ planSummary: expect.stringContaining("IXSCAN"), hasSortStage: false });
        expect(plan.keysExamined).toBeLessThanOrEqual(100);
      }
    }
  }
}, 60_000);

test("what is not there to be asked is refused with a pointer, and a cursor belongs to its search", async () => {
  const unknown = await tenant.api.post(path, { condition: { all: [own("colour", "equals", "red")] } });
  expect([unknown.status, unknown.problem().errors?.[0]?.pointer]).toEqual([400, "/condition/all/0/field"]);
  const mismatch = await tenant.api.post(path, { condition: own("unreadCount", "contains", "1") });
  expect(mismatch.problem().errors?.[0]?.pointer).toBe("/condition/op");
  const wrong = await tenant.api.post(path, { condition: own("status", "equals", "opened") });
  expect(wrong.problem().errors?.[0]?.detail).toContain("Did you mean open?");
  const { nextCursor } = (await tenant.api.post(path, { limit: 5 })).as(page);
  const moved = await tenant.api.post(path, { limit: 5, sort: "lastActivityAt", cursor: nextCursor });
  expect(moved.problem().code).toBe("invalid-cursor");
});
