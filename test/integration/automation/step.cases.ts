/** For each step of the catalogue: what there is when it was taken. ADD THE CASE OF A STEP HERE. */
import type { CrmEventType } from "../../../src/contracts/crm.event.contract";
import type { OutboxRecord } from "../../../src/model/saas/outbox.schema";
import { getLead } from "../../../src/services/saas/crm/lead.service";
import type { World } from "./trigger.cases";

export interface StepCase {
  readonly settings: (given: { url: string; otherRule: string }) => object;
  /** What the lead has before. */
  readonly before?: (world: World) => Promise<unknown>;
  /** How often it happened, as others than the engine tell; absent of steps that only say where a run goes. */
  readonly count?: (world: World, heard: readonly unknown[]) => Promise<number>;
  /** After how many hours the run goes on. */
  readonly hours?: number;
}

const welcome = { template: "welcome", language: "en_US", variables: { first_name: "{{lead.firstName}}" } };

/** How many events of the lead's tell this. */
async function events(
  world: World,
  type: CrmEventType,
  holds: (event: Pick<OutboxRecord, "data" | "changes">) => boolean = () => true,
) {
  const { Outbox } = world.tenant.models;
  return (await Outbox.find({ "subject.leadId": world.leadId, type }).lean()).filter(holds).length;
}
const sent = (world: World) =>
  world.tenant.models.Message.countDocuments({ leadId: world.leadId, direction: "outbound" });
/** Of the rule that other steps start and stop. */
const otherRuns = async (world: World, status: string) => {
  const runs = await world.tenant.models.AutomationRun.find({ leadId: world.leadId }).lean();
  return runs.filter((run) => run.status === status && run.triggerEvent.type !== "tag_added").length;
};

export const stepCases: Readonly<Record<string, StepCase>> = {
  add_tag: {
    settings: () => ({ tag: "done" }),
    count: (world) => events(world, "tag_added", ({ data }) => data.tag === "done"),
  },
  remove_tag: {
    settings: () => ({ tag: "old" }),
    before: (world) => world.tag("old"),
    count: (world) => events(world, "tag_removed"),
  },
  move_stage: {
    settings: () => ({ stageKey: "contacted" }),
    count: (world) => events(world, "stage_enter", ({ data }) => data.toStageKey === "contacted"),
  },
  assign: {
    settings: () => ({ to: { userKey: "joao" } }),
    count: (world) => events(world, "owner_changed", ({ data }) => data.toOwnerId === "joao"),
  },
  add_note: {
    settings: () => ({ text: "Hello {{lead.firstName}}" }),
    count: (world) => world.tenant.models.Note.countDocuments({ leadId: world.leadId, text: "Hello Ana" }),
  },
  create_task: {
    settings: () => ({ title: "Call {{lead.firstName}}", assign: { userKey: "maria" }, due: "PT1H" }),
    count: (world) => world.tenant.models.Task.countDocuments({ leadId: world.leadId, title: "Call Ana" }),
  },
  notify: {
    settings: () => ({ to: { userKey: "maria" }, text: "{{lead.firstName}} is here" }),
    count: (world) =>
      world.tenant.models.Notification.countDocuments({ leadId: world.leadId, text: "Ana is here" }),
  },
  set_conversation: {
    settings: () => ({ status: "resolved" }),
    before: (world) => world.writes(),
    count: (world) => events(world, "conversation_resolved"),
  },
  send_template: { settings: () => welcome, count: sent },
  send_message: {
    settings: () => ({ text: "Hello {{lead.firstName}}" }),
    before: (world) => world.writes(),
    count: sent,
  },
  send_media: {
    settings: () => ({
      mediaKey: "brochure",
      windowClosed: { send_template: "welcome", language: "en_US", variables: welcome.variables },
    }),
    count: sent,
  },
  create_meeting: {
    settings: () => ({ title: "Call", startsAt: "2040-05-01T10:00:00.000Z" }),
    count: (world) => world.tenant.models.Meeting.countDocuments({ leadId: world.leadId }),
  },
  update_lead: {
    settings: () => ({ fields: { score: 7 } }),
    async count(world) {
      const { score } = await getLead(world.ctx, world.leadId);
      return score === 7 ? events(world, "lead_updated", ({ changes }) => changes?.score?.to === 7) : 0;
    },
  },
  webhook: {
    settings: ({ url }) => ({ url, data: { who: "{{lead.firstName}}" } }),
    count: async (_world, heard) => heard.length,
  },
  start_automation: {
    settings: ({ otherRule }) => ({ automationId: otherRule }),
    count: (world) => otherRuns(world, "waiting"),
  },
  stop_automation: {
    settings: ({ otherRule }) => ({ automationId: otherRule }),
    before: (world) => world.update({ company: "other" }),
    count: (world) => otherRuns(world, "exited"),
  },
  delay: { settings: () => ({ duration: "PT2H" }), hours: 2 },
  wait_for: { settings: () => ({ events: ["message_received"], timeout: "PT3H" }), hours: 3 },
  branch: {
    settings: () => ({
      cases: [{ when: { field: "lead.firstName", op: "equals", value: "ana" }, goto: "right" }],
      else: "wrong",
    }),
  },
  split: {
    settings: () => ({
      paths: [
        { weight: 0, goto: "wrong" },
        { weight: 3, goto: "right" },
      ],
    }),
  },
  set_var: { settings: () => ({ name: "who", value: "{{lead.firstName}}" }) },
  exit: { settings: () => ({ reason: "done" }) },
};
