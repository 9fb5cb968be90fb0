import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { notificationSchema } from "../../../src/contracts/notification.contract";
import { teamSchema } from "../../../src/contracts/team.contract";
import { userSchema } from "../../../src/contracts/user.contract";
import { commitChange } from "../../../src/lib/tenant/commit.change";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { assignLeadInChange } from "../../../src/services/saas/crm/lead.assign";
import { notifyInChange } from "../../../src/services/saas/crm/notification.service";
import { pickMember } from "../../../src/services/saas/crm/team.pick";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
const ids: Record<string, string> = {};

beforeAll(async () => {
  tenant = await crmTenant();
  for (const key of ["maria", "joao", "rosa"]) {
    const made = await tenant.api.post("/api/crm/users", { key, name: key, email: `${key}@example.com` });
    ids[key] = made.as(userSchema).id;
  }
});
afterAll(closeAllConnections);

let teams = 0;

async function newTeam(memberIds: string[]) {
  const body = { key: `team_${++teams}`, name: "Team", memberIds };
  const made = await tenant.api.post("/api/crm/teams", body);
  expect(made.status).toBe(201);
  return made.as(teamSchema);
}

const user = (key: string) => `/api/crm/users/${ids[key]}`;
const pick = (teamKey: string, how: "round_robin" | "least_busy" = "round_robin") =>
  commitChange(tenant.ctx, (change) => pickMember(tenant.ctx, change, { teamKey, how }));

test("a key or an address of a user belongs to one person", async () => {
  const sameKey = await tenant.api.post("/api/crm/users", {
    key: "maria",
    name: "M",
    email: "m@example.com",
  });
  expect(sameKey.json()).toMatchObject({ status: 409, code: "duplicate", userId: "maria" });
  const sameAddress = { key: "mary", name: "M", email: "Maria@Example.com" };
  expect((await tenant.api.post("/api/crm/users", sameAddress)).json()).toMatchObject({
    status: 409,
    userId: "maria",
  });
  expect((await tenant.api.patch(user("joao"), { email: "maria@example.com" })).status).toBe(409);
});

test("another tenant's people are not there, and may have the same keys", async () => {
  const other = await crmTenant();
  expect((await other.api.get(user("maria"))).status).toBe(404);
  const same = await other.api.post("/api/crm/users", {
    key: "maria",
    name: "M",
    email: "maria@example.com",
  });
  expect(same.status).toBe(201);
  const { data } = (await other.api.get("/api/crm/users")).as(pageSchema(userSchema));
  expect(data.map(({ key }) => key)).toEqual(["maria"]);
});

test("a change of a user is told by fields, not by name and address; a stale one is refused", async () => {
  takeEvents(tenant);
  const changed = await tenant.api.patch(user("rosa"), { name: "Rosa M" }, { "if-match": '"1"' });
  expect(changed.as(userSchema)).toMatchObject({ name: "Rosa M", version: 2 });
  expect(tenant.events.map(({ type, data }) => [type, data])).toEqual([
    ["user_updated", expect.objectContaining({ userId: "rosa", action: "updated", fields: ["name"] })],
  ]);
  takeEvents(tenant);
  expect((await tenant.api.patch(user("rosa"), { name: "Rosa M" })).as(userSchema).version).toBe(2);
  expect(takeEvents(tenant)).toEqual([]);
  const stale = await tenant.api.patch(user("rosa"), { name: "R" }, { "if-match": '"1"' });
  expect(stale.json()).toMatchObject({ status: 412, current: { name: "Rosa M" } });
});

test("a team names each of its people once, and only those who work here", async () => {
  const body = { key: "t_bad", name: "T" };
  expect((await tenant.api.post("/api/crm/teams", { ...body, memberIds: ["maria", "maria"] })).status).toBe(
    400,
  );
  const unknown = await tenant.api.post("/api/crm/teams", { ...body, memberIds: ["nobody"] });
  expect(unknown.problem()).toMatchObject({ status: 422, errors: [{ pointer: "/memberIds" }] });
  const team = await newTeam(["maria"]);
  const twin = await tenant.api.post("/api/crm/teams", { key: team.key, name: "Again" });
  expect(twin.json()).toMatchObject({ status: 409, teamId: team.id });
  const { data } = (await tenant.api.get("/api/crm/teams?memberId=maria")).as(pageSchema(teamSchema));
  expect(data).toContainEqual(expect.objectContaining({ key: team.key, availableIds: ["maria"] }));
  expect((await tenant.api.delete(`/api/crm/teams/${team.id}`)).status).toBe(204);
  expect((await tenant.api.get(`/api/crm/teams/${team.id}`)).status).toBe(404);
});

test("of 30 parallel choices in turns every member gets ten", async () => {
  const team = await newTeam(["maria", "joao", "rosa"]);
  const chosen = await Promise.all(Array.from({ length: 30 }, () => pick(team.key)));
  const counts = ["maria", "joao", "rosa"].map((key) => chosen.filter((id) => id === key).length);
  expect(counts).toEqual([10, 10, 10]);
});

test("who is away or disabled is passed over, and an absence ends by itself", async () => {
  const team = await newTeam(["maria", "joao"]);
  const back = new Date(Date.now() + 3_600_000).toISOString();
  await tenant.api.patch(user("maria"), { availability: "away", awayUntil: back });
  expect([await pick(team.key), await pick(team.key)]).toEqual(["joao", "joao"]);
  expect((await tenant.api.post(`${user("joao")}/disable`)).as(userSchema).status).toBe("disabled");
  expect(await pick(team.key)).toBeNull();
  await tenant.api.patch(user("maria"), { awayUntil: new Date(Date.now() - 1_000).toISOString() });
  expect(await pick(team.key)).toBe("maria");
  expect((await tenant.api.get(user("maria"))).as(userSchema).availability).toBe("available");
  await tenant.api.patch(user("maria"), { availability: "available" });
  await tenant.api.post(`${user("joao")}/enable`);
  expect(await pick(team.key)).toBe("joao");
  const wrong = await tenant.api.patch(user("maria"), { awayUntil: back });
  expect([wrong.status, wrong.problem().errors?.[0]?.pointer]).toEqual([400, "/awayUntil"]);
});

test("20 parallel leads for the least busy are shared evenly with what each has already", async () => {
  const team = await newTeam(["maria", "joao"]);
  for (let had = 0; had < 4; had += 1)
    await tenant.api.post(`/api/crm/leads/${(await newLead(tenant)).id}/assign`, { userId: "maria" });
  const leads = await Promise.all(Array.from({ length: 20 }, () => newLead(tenant)));
  const answers = await Promise.all(
    leads.map(({ id }) =>
      tenant.api.post(`/api/crm/leads/${id}/assign`, { teamKey: team.key, how: "least_busy" }),
    ),
  );
  const owners = answers.map((answer) => answer.as(leadSchema).ownerId);
  expect(["maria", "joao"].map((key) => owners.filter((id) => id === key).length)).toEqual([8, 12]);
});

test("a lead is given to a person, who is notified; given again, nothing happens", async () => {
  const lead = await newLead(tenant, { firstName: "Ana" });
  takeEvents(tenant);
  const path = `/api/crm/leads/${lead.id}/assign`;
  const given = (await tenant.api.post(path, { userId: "rosa" })).as(leadSchema);
  expect(given).toMatchObject({ ownerId: "rosa", version: 2 });
  expect(takeEvents(tenant)).toEqual(["lead_updated", "owner_changed", "notification_created"]);
  expect((await tenant.api.post(path, { userId: "rosa" })).as(leadSchema).version).toBe(2);
  expect(takeEvents(tenant)).toEqual([]);
  const { data } = (await tenant.api.get(`${user("rosa")}/notifications?unread=true`)).as(
    pageSchema(notificationSchema),
  );
  expect(data).toEqual([expect.objectContaining({ kind: "lead_assigned", leadId: lead.id })]);
  expect((await tenant.api.post(path, { userId: "nobody" })).status).toBe(422);
  expect((await tenant.api.post(path, { teamKey: "none", how: "round_robin" })).status).toBe(422);
  expect((await tenant.api.post(path, { how: "round_robin" })).status).toBe(400);
  const stale = await tenant.api.post(path, { userId: null }, { "if-match": '"1"' });
  expect(stale.json()).toMatchObject({ status: 412, current: { ownerId: "rosa" } });
  const none = await newTeam([]);
  expect((await tenant.api.post(path, { teamKey: none.key, how: "round_robin" })).problem().code).toBe(
    "invalid-state",
  );
});

test("a rule may give a lead away in its own change, and both stand or fall together", async () => {
  const lead = await newLead(tenant);
  const failing = commitChange(tenant.ctx, async (change) => {
    await assignLeadInChange(tenant.ctx, change, lead.id, { userId: "maria" });
    throw new Error("the step failed");
  });
  await expect(failing).rejects.toThrow("the step failed");
  expect((await tenant.api.get(`/api/crm/leads/${lead.id}`)).as(leadSchema).ownerId).toBeNull();
});

test("an effect tells each person once, however often it is repeated", async () => {
  const lead = await newLead(tenant);
  const tell = (userIds: string[]) =>
    commitChange(tenant.ctx, (change) =>
      notifyInChange(tenant.ctx, change, { userIds, text: "Waits", leadId: lead.id, effectKey: "run1:n1" }),
    );
  await Promise.all([tell(["maria"]), tell(["maria"])]);
  await tell(["maria", "joao"]);
  expect(await tenant.models.Notification.countDocuments({ effectKey: "run1:n1" })).toBe(2);
  await expect(tell(["nobody"])).rejects.toMatchObject({ code: "invalid-reference" });
});

test("notifications are marked as read one by one or all together", async () => {
  const list = async (query: string) =>
    (await tenant.api.get(`${user("maria")}/notifications?${query}`)).as(pageSchema(notificationSchema)).data;
  const [first, ...others] = await list("unread=true&limit=100");
  expect(others.length).toBeGreaterThan(0);
  const read = (await tenant.api.post(`/api/crm/notifications/${first?.id}/read`)).as(notificationSchema);
  expect(read.readAt).not.toBeNull();
  expect((await tenant.api.post(`/api/crm/notifications/${first?.id}/read`)).as(notificationSchema)).toEqual(
    read,
  );
  const all = await tenant.api.post(`${user("maria")}/notifications/read`);
  expect(all.json()).toEqual({ read: others.length });
  expect(await list("unread=true")).toEqual([]);
  expect(await list("unread=false&limit=100")).toHaveLength(others.length + 1);
  expect(await list("limit=100")).toHaveLength(others.length + 1);
});
