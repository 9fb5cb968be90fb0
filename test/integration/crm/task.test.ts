import { pageSchema } from "../../../src/contracts/common.contract";
import { notificationSchema } from "../../../src/contracts/notification.contract";
import { taskSchema } from "../../../src/contracts/task.contract";
import { userSchema } from "../../../src/contracts/user.contract";
import { cancelJob } from "../../../src/jobs/queue/enqueue";
import { moveClock } from "../../../src/lib/clock/clock";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { sweepDueTasks } from "../../../src/services/saas/crm/task.due";
import { createTaskInChange } from "../../../src/services/saas/crm/task.service";
import { drainAll } from "../../setup/drain";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
let mariaId: string;
const base = "/api/crm/tasks";
const hourMs = 3_600_000;

beforeAll(async () => {
  tenant = await crmTenant();
  const maria = { key: "maria", name: "Maria", email: "maria@example.com" };
  mariaId = (await tenant.api.post("/api/crm/users", maria)).as(userSchema).id;
});
afterAll(closeAllConnections);

const inHours = (hours: number) => new Date(tenant.ctx.now().getTime() + hours * hourMs).toISOString();

async function newTask(fields: Record<string, unknown> = {}) {
  const answer = await tenant.api.post(base, { title: "Call Ana", ...fields });
  expect(answer.status).toBe(201);
  return answer.as(taskSchema);
}

const drain = async () => {
  const dispatched = takeEvents(tenant);
  const types: string[] = [];
  await drainAll(async (_ctx, events) => {
    types.push(...events.map(({ type }) => type));
  });
  return { before: dispatched, types };
};

test("a task is made, completed, opened again and deleted, with an event for each step", async () => {
  const lead = await newLead(tenant);
  takeEvents(tenant);
  const task = await newTask({ leadId: lead.id, assigneeId: "maria" });
  expect(task).toMatchObject({ status: "open", assigneeId: "maria", leadId: lead.id, version: 1 });
  const path = `${base}/${task.id}`;
  const done = (await tenant.api.post(`${path}/complete`)).as(taskSchema);
  expect(done).toMatchObject({ status: "done", version: 2, completedBy: { type: "api_key" } });
  expect((await tenant.api.post(`${path}/complete`)).as(taskSchema)).toEqual(done);
  expect((await tenant.api.post(`${path}/reopen`)).as(taskSchema)).toMatchObject({
    status: "open",
    completedAt: null,
    completedBy: null,
  });
  expect((await tenant.api.delete(path)).status).toBe(204);
  expect((await tenant.api.get(path)).status).toBe(404);
  expect(takeEvents(tenant)).toEqual([
    "task_created",
    "notification_created",
    "task_completed",
    "task_reopened",
    "task_deleted",
  ]);
});

test("a stale change is refused with the current task, and an unchanged value is no change", async () => {
  const task = await newTask();
  const path = `${base}/${task.id}`;
  const patched = (await tenant.api.patch(path, { title: "Write" }, { "if-match": '"1"' })).as(taskSchema);
  expect(patched).toMatchObject({ title: "Write", version: 2 });
  const stale = await tenant.api.patch(path, { title: "Other" }, { "if-match": '"1"' });
  expect(stale.json()).toMatchObject({ status: 412, current: { title: "Write", version: 2 } });
  takeEvents(tenant);
  expect((await tenant.api.patch(path, { title: "Write" })).as(taskSchema).version).toBe(2);
  expect(takeEvents(tenant)).toEqual([]);
  expect((await tenant.api.patch(path, { assigneeId: "nobody" })).status).toBe(422);
  expect((await tenant.api.post(base, { title: "T", leadId: "0".repeat(24) })).status).toBe(422);
});

test("a rule's step that is repeated finds its task, and the lead's owner gets it", async () => {
  const lead = await newLead(tenant);
  await tenant.api.post(`/api/crm/leads/${lead.id}/assign`, { userId: "maria" });
  const make = () =>
    commitChange(tenant.ctx, (change) =>
      createTaskInChange(tenant.ctx, change, {
        title: "First contact",
        leadId: lead.id,
        assign: "owner",
        effectKey: "run1:t1",
      }),
    );
  const [first, second] = await Promise.all([make(), make()]);
  expect(second._id).toEqual(first._id);
  expect(first.assigneeId).toBe("maria");
});

test("a due task is told of once, at its time, also when the time was moved", async () => {
  const early = await newTask({ assigneeId: "maria", dueAt: inHours(1) });
  const moved = await newTask({ dueAt: inHours(1) });
  await tenant.api.patch(`${base}/${moved.id}`, { dueAt: inHours(3) });
  const done = await newTask({ dueAt: inHours(1) });
  await tenant.api.post(`${base}/${done.id}/complete`);
  await moveClock({ byMs: 2 * hourMs });
  expect((await drain()).types).toEqual(["task_due", "notification_created"]);
  expect((await tenant.api.get(`${base}/${early.id}`)).as(taskSchema).version).toBe(1);
  const { data } = (await tenant.api.get(`/api/crm/users/${mariaId}/notifications?limit=1`)).as(
    pageSchema(notificationSchema),
  );
  expect(data).toEqual([expect.objectContaining({ kind: "task_due", taskId: early.id })]);
  await moveClock({ byMs: 2 * hourMs });
  expect((await drain()).types).toEqual(["task_due"]);
  await moveClock({ byMs: 2 * hourMs });
  expect((await drain()).types).toEqual([]);
});

test("a task whose job was lost gets it again from the sweep", async () => {
  const task = await newTask({ dueAt: inHours(1) });
  expect(await cancelJob(tenant.ctx.clientCode, "task.due", task.id)).toBe(true);
  expect((await sweepDueTasks(tenant.ctx)).taken).toBe(1);
  expect((await sweepDueTasks(tenant.ctx)).taken).toBe(0);
  await moveClock({ byMs: 2 * hourMs });
  expect((await drain()).types).toEqual(["task_due"]);
});

test("lists are in the order of the due times, those without one last, and go on by cursor", async () => {
  const lead = await newLead(tenant);
  const make = (dueAt: string | null) => newTask({ leadId: lead.id, dueAt });
  const late = await make(inHours(50));
  const never = await make(null);
  const soon = await make(inHours(40));
  const query = `${base}?leadId=${lead.id}&limit=2`;
  const first = (await tenant.api.get(query)).as(pageSchema(taskSchema));
  expect(first.data.map(({ id }) => id)).toEqual([soon.id, late.id]);
  const rest = (await tenant.api.get(`${query}&cursor=${first.nextCursor}`)).as(pageSchema(taskSchema));
  expect([rest.data.map(({ id }) => id), rest.hasMore]).toEqual([[never.id], false]);
  const before = (await tenant.api.get(`${query}&dueBefore=${inHours(45)}`)).as(pageSchema(taskSchema));
  expect(before.data.map(({ id }) => id)).toEqual([soon.id]);
  await tenant.api.post(`${base}/${soon.id}/complete`);
  const open = (await tenant.api.get(`${query}&status=open`)).as(pageSchema(taskSchema));
  expect(open.data.map(({ id }) => id)).toEqual([late.id, never.id]);
});
