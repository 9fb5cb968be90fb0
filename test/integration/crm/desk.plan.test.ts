/** With 5,000 rows of each, every list reads about as many keys as it shows. */
import { Types } from "mongoose";
import * as z from "zod";
import { userSchema } from "../../../src/contracts/user.contract";
import { closeAllConnections, tenantConnection } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead } from "./crm.tenant";

const total = 5_000;
const pageSize = 25;
const statuses = ["open", "pending", "snoozed", "resolved"] as const;
const teamId = new Types.ObjectId();
let tenant: CrmTenant;
let leadId: string;
let userPath: string;

beforeAll(async () => {
  tenant = await crmTenant();
  leadId = (await newLead(tenant)).id;
  const person = { key: "maria", name: "Maria", email: "maria@example.com" };
  userPath = `/api/crm/users/${(await tenant.api.post("/api/crm/users", person)).as(userSchema).id}`;
  await Promise.all([fillConversations(), fillTasks(), fillNotifications(), fillAudit()]);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  await connection.db?.setProfilingLevel("all");
});
afterAll(closeAllConnections);

const rows = <T>(row: (n: number, at: Date) => T): T[] =>
  Array.from({ length: total }, (_, n) => row(n, new Date(Date.UTC(2026, 0, 1) + n * 60_000)));
const base = (at: Date) => ({ _id: new Types.ObjectId(), version: 1, createdAt: at, updatedAt: at });

async function fillConversations(): Promise<void> {
  const connectionId = new Types.ObjectId();
  const conversations = rows((n, at) => ({
    ...base(at),
    leadId: new Types.ObjectId(),
    channel: "whatsapp" as const,
    connectionId,
    status: statuses[n % 4] ?? "open",
    snoozedUntil: null,
    priority: "none" as const,
    assigneeId: n % 3 === 0 ? null : `user_${n % 20}`,
    teamId: n % 5 === 0 ? teamId : null,
    participantIds: [`user_${n % 30}`],
    labels: [`label_${n % 10}`],
    unreadCount: n % 7 === 0 ? 1 : 0,
    lastMessage: null,
    lastActivityAt: at,
    lastInboundAt: null,
    windowExpiresAt: null,
    waitingSince: n % 6 === 0 ? at : null,
    firstReplyAt: null,
    resolvedAt: null,
    botActive: false,
    custom: {},
  }));
  await tenant.models.Conversation.collection.insertMany(conversations);
}

async function fillTasks(): Promise<void> {
  const tasks = rows((n, at) => ({
    ...base(at),
    leadId: n % 100 === 0 ? new Types.ObjectId(leadId) : null,
    title: `Task ${n}`,
    description: null,
    assigneeId: `user_${n % 20}`,
    status: n % 2 ? ("open" as const) : ("done" as const),
    dueAt: at,
    sortAt: at,
    dueToldAt: at,
    completedAt: null,
    completedBy: null,
    createdBy: { type: "system" as const, id: "test" },
    effectKey: null,
  }));
  await tenant.models.Task.collection.insertMany(tasks);
}

async function fillNotifications(): Promise<void> {
  const notifications = rows((n, at) => ({
    _id: new Types.ObjectId(),
    userId: n % 2 ? "maria" : "joao",
    kind: "rule" as const,
    text: "Look",
    leadId: null,
    conversationId: null,
    taskId: null,
    readAt: null,
    read: n % 3 === 0,
    effectKey: null,
    createdAt: at,
    expireAt: new Date(Date.now() + 86_400_000),
  }));
  await tenant.models.Notification.collection.insertMany(notifications);
}

async function fillAudit(): Promise<void> {
  const entries = rows((n, at) => ({
    _id: new Types.ObjectId(),
    at,
    action: n % 2 ? "lead_updated" : "tag_added",
    actor: { type: "api_key" as const, id: `key_${n % 10}` },
    requestId: "req",
    subject: { leadId },
    leadId: new Types.ObjectId(leadId),
    changes: null,
    data: {},
    ruleId: null,
    runId: null,
    eventId: `e${n}`,
    expireAt: new Date(Date.now() + 86_400_000),
  }));
  await tenant.models.AuditEntry.collection.insertMany(entries);
}

const profileSchema = z.object({
  planSummary: z.string(),
  keysExamined: z.number(),
  docsExamined: z.number(),
  hasSortStage: z.boolean().default(false),
});

/** What the server did for the last command of this kind on a collection. */
async function lastPlan(collection: string, op = "query"): Promise<z.output<typeof profileSchema>> {
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const [entry] = await connection
    .collection("system.profile")
    .find({ op, ns: new RegExp(`\\.${collection}$`) })
    .sort({ ts: -1 })
    .limit(1)
    .toArray();
  return profileSchema.parse(entry);
}

const listSchema = z.object({ data: z.array(z.unknown()), nextCursor: z.string().nullable() });

test.each([
  ["conversations", "conversations?"],
  ["conversations", "conversations?status=open"],
  ["conversations", "conversations?assigneeId=user_7"],
  ["conversations", "conversations?assigneeId=user_7&status=resolved"],
  ["conversations", "conversations?unassigned=true&status=open"],
  ["conversations", `conversations?teamId=${teamId.toHexString()}`],
  ["conversations", "conversations?label=label_3"],
  ["conversations", "conversations?participantId=user_4"],
  ["conversations", "conversations?unread=true"],
  ["conversations", "conversations?sort=waiting"],
  ["tasks", "tasks?"],
  ["tasks", "tasks?status=open"],
  ["tasks", "tasks?assigneeId=user_7"],
  ["tasks", "tasks?assigneeId=user_7&status=open&dueAfter=2026-01-02T00:00:00Z"],
  ["tasks", "tasks?leadId=LEAD"],
  ["notifications", "USER/notifications?"],
  ["notifications", "USER/notifications?unread=true"],
  ["auditEntries", "audit-log?"],
  ["auditEntries", "audit-log?actorId=key_3"],
  ["auditEntries", "audit-log?action=tag_added"],
  ["auditEntries", "audit-log?leadId=LEAD&from=2026-01-02T00:00:00Z"],
])("a page of %s, %s, is read in order from an index, also the second one", async (collection, query) => {
  const path = query.startsWith("USER") ? query.replace("USER", userPath) : `/api/crm/${query}`;
  const url = `${path.replace("LEAD", leadId)}&limit=${pageSize}`;
  let cursor = "";
  for (let page = 0; page < 2; page += 1) {
    const { data, nextCursor } = (await tenant.api.get(url + cursor)).as(listSchema);
    expect(data).toHaveLength(pageSize);
    const plan = await lastPlan(collection);
    expect(plan).toMatchObject({ planSummary: expect.stringContaining("IXSCAN"), hasSortStage: false });
    // each of at most four branches that are merged looks one key ahead
    expect(plan.keysExamined).toBeLessThanOrEqual(pageSize + 15);
    cursor = `&cursor=${nextCursor}`;
  }
});

test("counting conversations reads indexes only", async () => {
  expect((await tenant.api.get("/api/crm/conversation-counts")).status).toBe(200);
  const connection = await tenantConnection(tenant.ctx.clientCode);
  const entries = await connection
    .collection("system.profile")
    .find({ "command.aggregate": "conversations" })
    .toArray();
  expect(entries.length).toBeGreaterThanOrEqual(5);
  for (const entry of entries) {
    const { planSummary, docsExamined } = profileSchema.parse(entry);
    expect([planSummary, docsExamined]).toEqual([expect.stringMatching(/IXSCAN|COUNT_SCAN/), 0]);
  }
});
