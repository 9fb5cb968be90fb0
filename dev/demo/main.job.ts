/** The product's main job, told step by step and checked step by step against the API. */
import * as z from "zod";
import { activitySchema } from "../../src/contracts/activity.contract";
import {
  automationRunDetailSchema,
  automationRunSchema,
  externalEventResultSchema,
} from "../../src/contracts/automation.contract";
import { changesSchema } from "../../src/contracts/change.contract";
import { pageSchema } from "../../src/contracts/common.contract";
import { conversationSchema } from "../../src/contracts/conversation.contract";
import { leadSchema } from "../../src/contracts/lead.contract";
import { mediaSchema } from "../../src/contracts/media.contract";
import { meetingSchema } from "../../src/contracts/meeting.contract";
import { messageSchema } from "../../src/contracts/message.contract";
import { pipelineSchema } from "../../src/contracts/pipeline.contract";
import type { Stack, StackTenant } from "../stack/stack.file";
import { type Api, apiOf, type Controls, controlsOf } from "./clients";
import { appointmentRule, proposalRule, welcomeRule } from "./rules";
import { describeAudio, makePhoto, makeVoiceNote, playThrough } from "./samples";
import { DemoFailure, eventually, expectSame, type Transcript } from "./transcript";

type Lead = z.output<typeof leadSchema>;
type Message = z.output<typeof messageSchema>;
type Media = z.output<typeof mediaSchema>;

const ruleAnswer = z.object({ id: z.string(), name: z.string(), enabled: z.boolean() });
const rangeBytes = 4 * 1024 * 1024;

interface Story {
  readonly say: Transcript;
  readonly api: Api;
  readonly other: Api;
  readonly world: Controls;
  readonly tenant: StackTenant;
  readonly customer: { phone: string; name: string };
}

/** Runs every chapter. @throws DemoFailure at the first thing that is not as it must be. */
export async function runMainJob(stack: Stack, say: Transcript): Promise<void> {
  const [tenant, second] = stack.tenants;
  if (!tenant || !second) throw new DemoFailure("The stack has fewer than two tenants.");
  const story: Story = {
    say,
    api: apiOf(stack, tenant),
    other: apiOf(stack, second),
    world: controlsOf(stack),
    tenant,
    customer: { phone: "351912345678", name: "Ana Souza" },
  };
  await createRules(story);
  const lead = await firstMessage(story);
  await welcome(story, lead);
  await voiceNote(story, lead);
  await photo(story, lead);
  await stageMove(story, lead);
  await appointment(story, lead);
  await isolation(story, lead);
}

async function createRules({ say, api }: Story): Promise<void> {
  say.chapter("Three rules for the tenant");
  for (const rule of [welcomeRule, proposalRule, appointmentRule]) {
    await say.step(`rule “${rule.name}”`, async () => {
      const created = await api.post("/automations", rule, ruleAnswer);
      expectSame("enabled", created.enabled, true);
      return `rule ${created.id}, on ${rule.definition.trigger.event}, ${rule.definition.steps.length} step(s)`;
    });
  }
}

async function firstMessage({ say, api, world, tenant, customer }: Story): Promise<Lead> {
  say.chapter("A new customer writes on WhatsApp");
  let wamid = "";
  await say.step("Meta signs the message and posts it to our webhook", async () => {
    const sent = await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "text",
      text: "Olá! Do you have a free appointment? 😀",
    });
    wamid = sent.wamid;
    return `message ${short(wamid)}, answered with ${sent.deliveries?.[0]?.status ?? "200"}`;
  });
  let lead: Lead | undefined;
  await say.step("a lead came of it", async () => {
    lead = await eventually("a lead with the customer's number", async () => {
      const page = await api.get(
        `/leads?phone=${encodeURIComponent(`+${customer.phone}`)}`,
        pageSchema(leadSchema),
      );
      return page.data[0];
    });
    expectSame("the lead's name", lead.displayName, customer.name);
    return `lead ${lead.id}: ${lead.displayName}, opted in by writing: ${lead.consent.whatsapp?.optIn ?? false}`;
  });
  if (!lead) throw new DemoFailure("there is no lead");
  const leadId = lead.id;
  await say.step("with a conversation and the message in it", async () => {
    const page = await api.get(`/conversations?leadId=${leadId}`, pageSchema(conversationSchema));
    const [conversation] = page.data;
    if (!conversation) throw new DemoFailure("the lead has no conversation");
    const messages = await api.get(`/conversations/${conversation.id}/messages`, pageSchema(messageSchema));
    const message = messages.data.find((each) => each.providerMessageId === wamid);
    if (!message) throw new DemoFailure("the message is not in the conversation");
    expectSame("direction", message.direction, "inbound");
    expectSame("text", message.text, "Olá! Do you have a free appointment? 😀");
    return `conversation ${conversation.id}, unread ${conversation.unreadCount}, window open until ${conversation.windowExpiresAt}`;
  });
  return lead;
}

async function welcome(story: Story, lead: Lead): Promise<void> {
  const { say, api } = story;
  say.chapter("The welcome rule answers");
  await say.step("tagged at once", async () => {
    const tagged = await eventually("the tag", async () => {
      const current = await api.get(`/leads/${lead.id}`, leadSchema);
      return current.tags.includes("whatsapp") ? current : undefined;
    });
    return `tags: ${tagged.tags.join(", ")}`;
  });
  let message: Message | undefined;
  await say.step("a template with the lead's name a moment later, through the queue", async () => {
    message = await messageWhere(story, lead, "the welcome", (each) => each.template?.name === "welcome");
    const rendered = message.template?.rendered ?? "";
    if (!rendered.includes("Ana")) throw new DemoFailure(`the template does not name the lead: ${rendered}`);
    return `message ${message.id}: “${rendered}”`;
  });
  await say.step("accepted, delivered and read", async () => {
    const read = await messageWhere(
      story,
      lead,
      "the read status",
      (each) => each.template?.name === "welcome" && each.status === "read",
    );
    return ["sent", "delivered", "read"]
      .map(
        (status) => `${status} ${time(Object.entries(read.statusAt).find(([name]) => name === status)?.[1])}`,
      )
      .join(", ");
  });
  await say.step("the run tells what it did", async () => {
    const run = await eventually("the run's end", async () => {
      const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
      return runs.data.find((each) => each.status === "completed");
    });
    const detail = await api.get(`/automation-runs/${run.id}`, automationRunDetailSchema);
    return `run ${run.id}: ${detail.steps.map((step) => `${step.stepId} ${step.status}`).join(", ")}`;
  });
}

async function voiceNote(story: Story, lead: Lead): Promise<void> {
  const { say, world, tenant, customer } = story;
  say.chapter("The customer sends a voice note");
  const recording = await makeVoiceNote();
  await say.step("as a phone records it", async () => {
    await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "audio",
      voice: true,
      mimeType: "audio/mp4",
      mediaBase64: recording.toString("base64"),
    });
    return `${size(recording.length)}, ${await describeAudio(recording)}`;
  });
  let media: Media | undefined;
  await say.step("downloaded from Meta and made WhatsApp's own format", async () => {
    media = await mediaOf(story, lead, "audio");
    return `media ${media.id}: ${media.mime}, ${size(media.size ?? 0)}`;
  });
  await say.step("Opus, mono, and it plays from end to end", async () => {
    if (!media) throw new DemoFailure("there is no media");
    const bytes = await story.api.bytes(`/media/${media.id}/content`, `bytes=0-${rangeBytes - 1}`);
    const said = await describeAudio(bytes);
    if (!said.startsWith("opus, 48000 Hz, mono")) throw new DemoFailure(`the audio is ${said}`);
    const seconds = await playThrough(bytes);
    if (seconds < 3.5 || seconds > 4.6) throw new DemoFailure(`it plays ${seconds.toFixed(2)} s of 4 s`);
    return `Audio: ${said}; ${seconds.toFixed(2)} s`;
  });
}

async function photo(story: Story, lead: Lead): Promise<void> {
  const { say, world, tenant, customer } = story;
  say.chapter("and a photo, lying on its side, with the place where it was taken");
  const original = await makePhoto();
  await say.step("as a phone takes it", async () => {
    await world.inbound({
      phoneNumberId: tenant.phoneNumberId,
      from: customer.phone,
      name: customer.name,
      type: "image",
      mimeType: "image/jpeg",
      caption: "My tooth",
      mediaBase64: original.toString("base64"),
    });
    return `${size(original.length)}, 3000 x 2000, orientation 6, GPS inside`;
  });
  await say.step("compressed, upright, and silent about the place", async () => {
    const media = await mediaOf(story, lead, "image");
    const bytes = await story.api.bytes(`/media/${media.id}/content`, `bytes=0-${rangeBytes - 1}`);
    const { default: sharp } = await import("sharp");
    const seen = await sharp(bytes).metadata();
    if (bytes.length >= original.length) throw new DemoFailure("the photo did not get smaller");
    if (seen.exif || seen.orientation !== undefined) throw new DemoFailure("the photo still holds metadata");
    if ((seen.width ?? 0) >= (seen.height ?? 0)) throw new DemoFailure("the photo still lies on its side");
    return `media ${media.id}: ${size(bytes.length)}, ${seen.width} x ${seen.height} ${seen.format}, no EXIF`;
  });
}

async function stageMove({ say, api }: Story, lead: Lead): Promise<void> {
  say.chapter("The lead moves on");
  await say.step("to the stage “proposal”", async () => {
    const pipelines = await api.get("/pipelines", pageSchema(pipelineSchema));
    const pipeline = pipelines.data.find((each) => each.isDefault);
    const stage = pipeline?.stages.find((each) => each.key === "proposal");
    if (!pipeline || !stage) throw new DemoFailure("the default pipeline has no stage with the key proposal");
    const moved = await api.post(`/leads/${lead.id}/move`, { stageId: stage.id }, leadSchema);
    expectSame("stage", moved.stageId, stage.id);
    return `pipeline ${pipeline.key}: ${pipeline.stages.map((each) => each.key).join(" → ")}`;
  });
  await say.step("where the stage's rule tags it", async () => {
    const tagged = await eventually("the rule's tag", async () => {
      const current = await api.get(`/leads/${lead.id}`, leadSchema);
      return current.tags.includes("proposal_sent") ? current : undefined;
    });
    return `tags: ${tagged.tags.join(", ")}`;
  });
}

async function appointment(story: Story, lead: Lead): Promise<void> {
  const { say, api, world } = story;
  say.chapter("The calendar confirms an appointment in two days");
  const { now } = await world.now();
  const startsAt = new Date(new Date(now).getTime() + 48 * 60 * 60_000).toISOString();
  const body = {
    id: "calendar-1842",
    type: "appointment_confirmed",
    subject: { phone: lead.phone },
    data: { appointmentId: "A-17", startsAt },
  };
  await say.step("POST /api/crm/automations/events", async () => {
    const taken = await api.post("/automations/events", body, externalEventResultSchema);
    expectSame("duplicate", taken.duplicate, false);
    return `event ${taken.eventId}`;
  });
  await say.step("told twice, taken once", async () => {
    const again = await api.post("/automations/events", body, externalEventResultSchema);
    expectSame("duplicate", again.duplicate, true);
    return `event ${again.eventId}`;
  });
  await say.step("a meeting stands in the calendar", async () => {
    const meeting = await eventually("the meeting", async () => {
      const page = await api.get(`/meetings?leadId=${lead.id}`, pageSchema(meetingSchema));
      return page.data[0];
    });
    expectSame("starts", meeting.startsAt, startsAt);
    return `meeting ${meeting.id}: ${meeting.title}, ${meeting.startsAt}`;
  });
  await say.step("and a reminder is scheduled for a day before", async () => {
    const run = await eventually("the waiting run", async () => {
      const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
      return runs.data.find((each) => each.status === "waiting" && each.stepId === "day_before");
    });
    expectSame("due", run.dueAt, new Date(new Date(startsAt).getTime() - 24 * 60 * 60_000).toISOString());
    return `run ${run.id}, due ${run.dueAt}`;
  });
  await say.step("the clock moves on by 25 hours, and the reminder goes out", async () => {
    await world.advance("PT25H");
    const ran = await world.drain();
    const reminder = await messageWhere(
      story,
      lead,
      "the reminder",
      (each) =>
        each.template?.name === "appointment_reminder" && ["sent", "delivered", "read"].includes(each.status),
    );
    return `${ran} job(s); message ${reminder.id}: “${reminder.template?.rendered ?? ""}”, ${reminder.status}`;
  });
}

async function isolation({ say, api, other }: Story, lead: Lead): Promise<void> {
  say.chapter("The second tenant sees nothing of it");
  await say.step("no leads, no conversations, no log", async () => {
    const leads = await other.get("/leads", pageSchema(leadSchema));
    const conversations = await other.get("/conversations", pageSchema(conversationSchema));
    const changes = await other.get("/changes", changesSchema);
    const foreign = changes.data.filter((event) => event.subject.leadId !== undefined);
    expectSame("leads", leads.data.length, 0);
    expectSame("conversations", conversations.data.length, 0);
    expectSame("events of leads", foreign.length, 0);
    return "0 leads, 0 conversations, 0 events of leads";
  });
  await say.step("the lead's id is a 404 there", async () => {
    expectSame("status", await other.status(`/leads/${lead.id}`), 404);
    return `GET /api/crm/leads/${lead.id} → 404`;
  });
  await say.step("and the first tenant's timeline tells it all", async () => {
    const timeline = await api.get(`/leads/${lead.id}/activities?limit=100`, pageSchema(activitySchema));
    const types = timeline.data.map((activity) => activity.type).reverse();
    for (const type of [
      "lead_created",
      "message_received",
      "tag_added",
      "stage_enter",
      "appointment_confirmed",
    ]) {
      if (!types.includes(type)) throw new DemoFailure(`the timeline lacks ${type}: ${types.join(", ")}`);
    }
    return types.join(" → ");
  });
}

async function messageWhere(
  { api }: Story,
  lead: Lead,
  what: string,
  fits: (message: Message) => boolean,
): Promise<Message> {
  return eventually(what, async () => {
    const conversations = await api.get(`/conversations?leadId=${lead.id}`, pageSchema(conversationSchema));
    for (const conversation of conversations.data) {
      const page = await api.get(
        `/conversations/${conversation.id}/messages?limit=100`,
        pageSchema(messageSchema),
      );
      const message = page.data.find(fits);
      if (message) return message;
    }
    return undefined;
  });
}

async function mediaOf(story: Story, lead: Lead, kind: "audio" | "image"): Promise<Media> {
  const message = await messageWhere(story, lead, `the ${kind} message`, (each) => each.kind === kind);
  const [mediaId] = message.mediaIds;
  if (!mediaId) throw new DemoFailure(`the ${kind} message has no media`);
  const media = await eventually(
    `the ${kind} to be ready`,
    async () => {
      const current = await story.api.get(`/media/${mediaId}`, mediaSchema);
      return current.state === "ready" || current.state === "failed" ? current : undefined;
    },
    60_000,
  );
  expectSame(`state of the ${kind} (${media.error?.detail ?? "no error"})`, media.state, "ready");
  return media;
}

const short = (wamid: string): string => `${wamid.slice(0, 24)}…`;
const time = (at: string | undefined): string => at?.slice(11, 23) ?? "—";
const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
