/** How the demo's chapter on rules sets the scene and looks at what rules did. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import {
  type AutomationRun,
  type AutomationRunDetail,
  automationRunDetailSchema,
  automationRunSchema,
} from "../../src/contracts/automation.run.contract";
import { pageSchema } from "../../src/contracts/common.contract";
import { conversationSchema } from "../../src/contracts/conversation.contract";
import { leadSchema } from "../../src/contracts/lead.contract";
import { messageSchema } from "../../src/contracts/message.contract";
import { type Lead, type Message, messageWhere, type Story } from "./story";
import { DemoFailure, eventually } from "./transcript";

const ruleSchema = z.object({ id: z.string(), name: z.string(), enabled: z.boolean() });
export type Rule = z.output<typeof ruleSchema>;
const importSchema = z.object({ automation: ruleSchema, missing: z.array(z.unknown()) });

/** Imports a rule of docs/rules and publishes it. */
export async function importRule({ api }: Story, file: string, name: string): Promise<Rule> {
  const rule = z.looseObject({}).parse(JSON.parse(await readFile(`docs/rules/${file}.json`, "utf8")));
  const imported = await api.post("/automations/import?publish=true", { ...rule, name }, importSchema);
  if (!imported.automation.enabled) throw new DemoFailure(`the rule “${name}” is not enabled`);
  return imported.automation;
}

/** Creates a rule and enables it. */
export function createRule({ api }: Story, name: string, definition: object): Promise<Rule> {
  return api.post("/automations", { name, enabled: true, definition }, ruleSchema);
}

/** The rules that start now. */
export async function enabledRules({ api }: Story): Promise<Rule[]> {
  const { data } = await api.get("/automations?limit=100", pageSchema(ruleSchema));
  return data.filter(({ enabled }) => enabled);
}

/** Lets rules start, or no more. */
export async function switchRules({ api }: Story, rules: readonly Rule[], verb: "enable" | "disable") {
  for (const { id } of rules) await api.post(`/automations/${id}/${verb}`, undefined, ruleSchema);
}

/** A lead who agreed to WhatsApp and lives by UTC. */
export function newLead({ api }: Story, firstName: string, phone: string, source: string): Promise<Lead> {
  const consent = { whatsapp: { optIn: true } };
  return api.post("/leads", { firstName, phone, source, timezone: "UTC", consent }, leadSchema);
}

/** The lead's run of a rule, with its steps, as soon as it is as asked. */
export async function runWhere(
  { api }: Story,
  lead: Lead,
  rule: Rule,
  what: string,
  fits: (run: AutomationRun) => boolean,
): Promise<AutomationRunDetail> {
  const run = await eventually(what, async () => {
    const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
    return runs.data.find((each) => each.ruleId === rule.id && fits(each));
  });
  return api.get(`/automation-runs/${run.id}`, automationRunDetailSchema);
}

/** When a step of the run ended. @throws DemoFailure when it did not */
export function endOf(run: AutomationRunDetail, stepId: string): Date {
  const step = run.steps.find((each) => each.stepId === stepId && each.status === "succeeded");
  if (!step?.endedAt) throw new DemoFailure(`the step ${stepId} of run ${run.id} did not succeed`);
  return new Date(step.endedAt);
}

/** The template that went out to the lead, as soon as Meta has it. */
export function sentTemplate(story: Story, lead: Lead, name: string): Promise<Message> {
  return messageWhere(
    story,
    lead,
    `the template ${name}`,
    ({ template, status }) => template?.name === name && ["sent", "delivered", "read"].includes(status),
  );
}

/** How many messages we have written to the lead. */
export async function writtenTo({ api }: Story, lead: Lead): Promise<number> {
  const conversations = await api.get(`/conversations?leadId=${lead.id}`, pageSchema(conversationSchema));
  let count = 0;
  for (const { id } of conversations.data) {
    const page = await api.get(`/conversations/${id}/messages?limit=100`, pageSchema(messageSchema));
    count += page.data.filter(({ direction }) => direction === "outbound").length;
  }
  return count;
}
