/** The course of a meeting: which step may follow which, side by side, over a change of the clocks, and as invitation. */
import { meetingSchema } from "../../../src/contracts/meeting.contract";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { type CrmTenant, crmTenant, newLead, takeEvents } from "./crm.tenant";

let tenant: CrmTenant;
const base = "/api/crm/meetings";

beforeAll(async () => {
  tenant = await crmTenant();
});
afterAll(closeAllConnections);

const begun = new Date(Date.now() - 60_000).toISOString();
const steps = {
  confirm: undefined,
  reschedule: { startsAt: new Date(Date.now() - 30_000).toISOString() },
  cancel: {},
  held: undefined,
  "no-show": undefined,
} as const;
type Step = keyof typeof steps;
const allSteps: readonly Step[] = ["confirm", "reschedule", "cancel", "held", "no-show"];

async function meetingAfter(before: readonly Step[], fields: Record<string, unknown> = {}) {
  const lead = await newLead(tenant);
  const made = await tenant.api.post(base, { leadId: lead.id, title: "Visit", startsAt: begun, ...fields });
  const path = `${base}/${made.as(meetingSchema).id}`;
  for (const step of before) await tenant.api.post(`${path}/${step}`, steps[step]);
  takeEvents(tenant);
  return path;
}

test.each<[string, readonly Step[], readonly Step[]]>([
  ["proposed", [], allSteps],
  ["confirmed", ["confirm"], allSteps],
  ["rescheduled", ["reschedule"], allSteps],
  ["cancelled", ["cancel"], ["cancel"]],
  ["held", ["held"], ["held"]],
  ["no_show", ["no-show"], ["no-show"]],
])(
  "of a meeting that is %s only what makes sense is taken; the rest says what to do instead",
  async (status, before, allowed) => {
    for (const step of allSteps) {
      const path = await meetingAfter(before);
      expect((await tenant.api.get(path)).as(meetingSchema).status).toBe(status);
      const answer = await tenant.api.post(`${path}/${step}`, steps[step]);
      if (allowed.includes(step)) expect([step, answer.status]).toEqual([step, 200]);
      else {
        expect([step, answer.status, answer.problem().code]).toEqual([step, 422, "invalid-state"]);
        expect(answer.problem().detail).toContain("Create a new one instead");
        expect(takeEvents(tenant)).toEqual([]);
      }
    }
  },
);

test("of 10 parallel moves with one ETag one wins and the others get the present state", async () => {
  const path = await meetingAfter([]);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      tenant.api.post(
        `${path}/reschedule`,
        { startsAt: new Date(Date.UTC(2027, 0, 1, n)).toISOString() },
        { "if-match": '"1"' },
      ),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const lost = answers.filter(({ status }) => status === 412);
  expect(lost).toHaveLength(9);
  for (const answer of lost) expect(answer.json()).toMatchObject({ current: { version: 2, sequence: 1 } });
  expect(takeEvents(tenant)).toEqual(["appointment_rescheduled"]);
});

test("a meeting keeps its length when it is moved over a change of the clocks", async () => {
  const path = await meetingAfter([], {
    startsAt: "2027-03-27T09:00:00+01:00",
    durationMinutes: 90,
    timezone: "Europe/Berlin",
  });
  const moved = await tenant.api.post(`${path}/reschedule`, { startsAt: "2027-03-28T09:00:00+02:00" });
  expect(moved.as(meetingSchema)).toMatchObject({
    startsAt: "2027-03-28T07:00:00.000Z",
    endsAt: "2027-03-28T08:30:00.000Z",
    timezone: "Europe/Berlin",
  });
  expect((await tenant.api.get(`${path}/ics`)).bytes.toString()).toContain("DTSTART:20270328T070000Z");
});

test("it is an invitation of the lead's owner to the lead and the attendees, each once; without an owner it names nobody", async () => {
  await tenant.api.post("/api/crm/users", { key: "maria", name: "Maria", email: "maria@example.com" });
  const lead = await newLead(tenant, { firstName: "Ana", email: "ana@example.com", ownerId: "maria" });
  const attendees = [
    { name: "Ana S", email: "ana@example.com" },
    { name: "Rui", email: "rui@example.com" },
  ];
  const made = await tenant.api.post(base, { leadId: lead.id, title: "Visit", startsAt: begun, attendees });
  const path = `${base}/${made.as(meetingSchema).id}`;
  // long lines of the format are folded
  const read = async () => (await tenant.api.get(`${path}/ics`)).bytes.toString().replaceAll("\r\n ", "");
  const invitation = await read();
  expect(invitation).toContain("METHOD:REQUEST");
  expect(invitation).toMatch(/^ORGANIZER;CN="?Maria"?:mailto:maria@example\.com/im);
  expect(invitation.match(/^ATTENDEE/gm)).toHaveLength(2);
  await tenant.api.patch(path, {
    attendees: [{ name: 'Eve":mailto:victim@x.com', email: "eve@example.com" }],
  });
  const quoted = (await read()).split("\r\n").filter((line) => line.includes("eve@"));
  expect(quoted).toEqual([expect.stringMatching(/CN="Eve':mailto:victim@x\.com":mailto:eve@example\.com$/i)]);
  await tenant.api.patch(`/api/crm/leads/${lead.id}`, { ownerId: null });
  const published = await read();
  expect(published).toContain("METHOD:PUBLISH");
  expect(published).not.toMatch(/^(?:ATTENDEE|ORGANIZER)/m);
});
