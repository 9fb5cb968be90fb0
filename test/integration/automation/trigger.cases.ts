/** For each trigger of the catalogue: what starts it, and what comes close and must not. ADD THE CASE OF A TRIGGER HERE. */
import { moveClock, now } from "../../../src/lib/clock/clock";
import { createTenantContext } from "../../../src/lib/context/create.context";
import type { TenantContext } from "../../../src/lib/context/tenant.context";
import { dispatchEvents } from "../../../src/services/saas/automation/dispatch.events";
import { receiveExternalEvent } from "../../../src/services/saas/automation/external.event.service";
import { startRuns } from "../../../src/services/saas/automation/start.runs";
import type { TriggerEvent } from "../../../src/services/saas/automation/triggers";
import {
  addTags,
  createLead,
  deleteLead,
  moveLeadToStageKey,
  removeTags,
  updateLead,
} from "../../../src/services/saas/crm/lead.service";
import { sweepStalledLeads } from "../../../src/services/saas/crm/stage.stalled";
import { setConversationStatus } from "../../../src/services/saas/messaging/conversation.service";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { drainAll } from "../../setup/drain";
import {
  contactOf,
  customerMessage,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
} from "../whatsapp/whatsapp.stack";

export interface TriggerCase {
  /** Settings of the trigger. */
  readonly settings?: object;
  /** What the lead has before the rule is there. */
  readonly before?: (world: World) => Promise<unknown>;
  readonly nearMiss: (world: World) => Promise<unknown>;
  readonly cause: (world: World) => Promise<unknown>;
}

const hour = 3_600_000;
const day = 24 * hour;
let people = 447_700_940_000;
let told = 0;

/** One lead, and what can be done to it. */
export class World {
  leadId = "";
  phone = "";

  constructor(
    readonly stack: WhatsAppStack,
    readonly tenant: WhatsAppTenant,
    readonly ruleId: () => string,
  ) {}

  get ctx(): TenantContext {
    const { clientCode } = this.tenant.ctx;
    const actor = { type: "user", id: "maria" } as const;
    return createTenantContext({ clientCode, actor, requestId: "req_trigger", dispatch: dispatchEvents });
  }

  async born(more: object = {}): Promise<void> {
    people += 1;
    this.phone = String(people);
    const consent = { whatsapp: { optIn: true } };
    const { id } = await createLead(this.ctx, { firstName: "Ana", phone: `+${people}`, consent, ...more });
    this.leadId = id;
  }

  update = (patch: Parameters<typeof updateLead>[2]) => updateLead(this.ctx, { id: this.leadId }, patch);
  tag = (...tags: string[]) => addTags(this.ctx, { id: this.leadId, tags });
  untag = (...tags: string[]) => removeTags(this.ctx, { id: this.leadId, tags });
  move = (stageKey: string) => moveLeadToStageKey(this.ctx, { id: this.leadId, stageKey });

  /** Something that another system tells. */
  tell(type: string, data: Record<string, unknown> = {}): Promise<unknown> {
    told += 1;
    const subject = { leadId: this.leadId };
    return receiveExternalEvent(this.ctx, { id: `told-${told}`, type, subject, data });
  }

  appointment = (type: string) =>
    this.tell(type, { appointmentId: `A-${this.leadId}`, startsAt: "2040-01-01T09:00:00.000Z" });

  /** The lead writes. */
  async writes(): Promise<void> {
    await this.later(1_500);
    const timestamp = String(Math.floor(now().getTime() / 1000));
    const messages = [customerMessage(this.phone, { timestamp })];
    const contacts = [contactOf(this.phone, "Ana")];
    await this.stack.deliver(webhookBody(this.tenant.number, { contacts, messages }));
    await drainAll(dispatchEvents);
  }

  /** We write. @returns Meta's id of the message. */
  async weWrite(): Promise<string> {
    told += 1;
    const template = { name: "welcome", language: "en_US", variables: { first_name: "Ana" } };
    const { id } = await sendMessage(this.ctx, {
      leadId: this.leadId,
      clientId: `trigger-${told}`,
      content: { kind: "template", template },
    });
    await drainAll(dispatchEvents);
    const message = await this.tenant.models.Message.findById(id).lean();
    return message?.provider?.messageId ?? "";
  }

  async status(wamid: string, status: string): Promise<void> {
    const timestamp = String(Math.floor(now().getTime() / 1000));
    const statuses = [{ id: wamid, status, timestamp, recipient_id: this.phone }];
    await this.stack.deliver(webhookBody(this.tenant.number, { statuses }));
    await drainAll(dispatchEvents);
  }

  async conversation(status: "open" | "pending" | "resolved"): Promise<void> {
    const found = await this.tenant.models.Conversation.findOne({ leadId: this.leadId }).lean();
    await setConversationStatus(this.ctx, { id: found?._id.toHexString() ?? "" }, status);
  }

  async later(byMs: number): Promise<void> {
    await moveClock({ byMs });
    await drainAll(dispatchEvents);
  }
}

const appointment = (event: TriggerEvent, other: TriggerEvent): TriggerCase => ({
  nearMiss: (world) => world.appointment(other),
  cause: (world) => world.appointment(event),
});

/** `schedule` and `date_field` name a time when the rule is made. */
export const inTwoHours = (): string => new Date(now().getTime() + 2 * hour).toISOString();
const dayOf = (days: number): string => new Date(now().getTime() + days * day).toISOString().slice(0, 10);

export const triggerCases: Readonly<Record<TriggerEvent | "external_event:order_paid", TriggerCase>> = {
  lead_created: { nearMiss: (world) => world.update({ company: "Acme" }), cause: (world) => world.born() },
  lead_updated: {
    settings: { watch: ["company"] },
    before: (world) => world.update({ company: "Acme" }),
    async nearMiss(world) {
      await world.update({ firstName: "Anna" });
      await world.update({ company: "Acme" });
    },
    cause: (world) => world.update({ company: "Bolt" }),
  },
  lead_deleted: {
    nearMiss: (world) => world.update({ company: "Acme" }),
    cause: (world) => deleteLead(world.ctx, { id: world.leadId }),
  },
  tag_added: {
    settings: { tag: "vip" },
    nearMiss: (world) => world.tag("vip2", "v"),
    async cause(world) {
      await world.tag("vip");
      await world.tag("vip");
    },
  },
  tag_removed: {
    settings: { tag: "vip" },
    before: (world) => world.tag("vip", "old"),
    nearMiss: (world) => world.untag("old"),
    async cause(world) {
      await world.untag("vip");
      await world.untag("vip");
    },
  },
  owner_changed: {
    before: (world) => world.update({ ownerId: "maria" }),
    async nearMiss(world) {
      await world.update({ ownerId: "maria", company: "Acme" });
      await world.writes();
    },
    cause: (world) => world.update({ ownerId: "joao" }),
  },
  score_crossed: {
    settings: { threshold: 50, direction: "up" },
    before: (world) => world.update({ score: 60 }),
    async nearMiss(world) {
      for (const score of [70, 50, 49, 10]) await world.update({ score });
    },
    async cause(world) {
      await world.update({ score: 50 });
      await world.update({ score: 90 });
    },
  },
  stage_enter: {
    settings: { toStageKey: "proposal" },
    nearMiss: (world) => world.move("contacted"),
    async cause(world) {
      await world.move("proposal");
      await world.move("proposal");
    },
  },
  stage_exit: {
    settings: { fromStageKey: "contacted" },
    nearMiss: (world) => world.move("contacted"),
    cause: (world) => world.move("qualified"),
  },
  stage_stalled: {
    settings: { stageKey: "qualified" },
    async before(world) {
      const { Pipeline } = world.tenant.models;
      await Pipeline.updateOne({ "stages.key": "qualified" }, { $set: { "stages.$.rottingDays": 3 } });
      await world.move("qualified");
    },
    async nearMiss(world) {
      await world.later(2 * day);
      await sweepStalledLeads(world.ctx);
    },
    async cause(world) {
      await world.later(1.1 * day);
      await sweepStalledLeads(world.ctx);
      await sweepStalledLeads(world.ctx);
    },
  },
  won: {
    settings: { pipelineKey: "sales" },
    nearMiss: (world) => world.move("lost"),
    cause: (world) => world.move("won"),
  },
  lost: {
    settings: { pipelineKey: "sales" },
    nearMiss: (world) => world.move("won"),
    cause: (world) => world.move("lost"),
  },
  conversation_created: {
    nearMiss: (world) => world.update({ company: "Acme" }),
    async cause(world) {
      await world.writes();
      await world.writes();
    },
  },
  conversation_opened: {
    async before(world) {
      await world.writes();
      await world.conversation("resolved");
    },
    nearMiss: (world) => world.conversation("resolved"),
    async cause(world) {
      await world.writes();
      await world.writes();
    },
  },
  conversation_resolved: {
    before: (world) => world.writes(),
    nearMiss: (world) => world.conversation("pending"),
    async cause(world) {
      await world.conversation("resolved");
      await world.conversation("resolved");
    },
  },
  message_received: { nearMiss: (world) => world.weWrite(), cause: (world) => world.writes() },
  message_sent: { nearMiss: (world) => world.writes(), cause: (world) => world.weWrite() },
  message_status: {
    settings: { status: "read" },
    async nearMiss(world) {
      await world.status(await world.weWrite(), "delivered");
    },
    async cause(world) {
      const wamid = await world.weWrite();
      await world.status(wamid, "read");
      await world.status(wamid, "read");
      await world.status(wamid, "delivered");
    },
  },
  no_reply: {
    settings: { after: "PT1H" },
    async nearMiss(world) {
      await world.weWrite();
      await world.later(0.5 * hour);
      await world.writes();
      await world.later(hour);
    },
    async cause(world) {
      await world.weWrite();
      await world.later(1.1 * hour);
      await world.later(2 * hour);
    },
  },
  appointment_confirmed: appointment("appointment_confirmed", "appointment_cancelled"),
  appointment_rescheduled: appointment("appointment_rescheduled", "appointment_confirmed"),
  appointment_cancelled: appointment("appointment_cancelled", "appointment_no_show"),
  appointment_held: appointment("appointment_held", "appointment_confirmed"),
  appointment_no_show: appointment("appointment_no_show", "appointment_held"),
  form_submitted: {
    settings: { form: "quote" },
    nearMiss: (world) => world.tell("form_submitted", { form: "contact" }),
    cause: (world) => world.tell("form_submitted", { form: "quote" }),
  },
  "external_event:order_paid": {
    nearMiss: (world) => world.tell("order_placed"),
    cause: (world) => world.tell("order_paid"),
  },
  schedule: {
    settings: { at: "{{in two hours}}" },
    nearMiss: (world) => world.later(1.9 * hour),
    async cause(world) {
      await world.later(0.2 * hour);
      await world.later(day);
    },
  },
  date_field: {
    settings: { field: "lead.custom.renewal", offsetDays: -1, at: "09:00", timezone: "UTC" },
    // The day after tomorrow is past two nights and before three.
    before: (world) => world.update({ custom: { renewal: dayOf(3) } }),
    async nearMiss(world) {
      await moveClock({ to: new Date(`${dayOf(1)}T09:30:00.000Z`) });
      await world.later(0);
    },
    async cause(world) {
      await world.later(day);
      await world.later(day);
    },
  },
  manual: {
    nearMiss: (world) => world.born(),
    async cause(world) {
      await startRuns(world.ctx, { ruleId: world.ruleId(), leadIds: [world.leadId, world.leadId] });
    },
  },
};
