/** The pages on rules show each trigger, operator and step, and what they show is taken as it stands. */

import * as z from "zod";
import { operators } from "../../../src/contracts/condition.contract";
import { actions } from "../../../src/services/saas/automation/actions";
import { ownProblems } from "../../../src/services/saas/automation/rule.check";
import { ruleDefinitionSchema } from "../../../src/services/saas/automation/rule.contract";
import { controlSteps } from "../../../src/services/saas/automation/steps";
import { triggerNames } from "../../../src/services/saas/automation/triggers";
import { docBlocks } from "../../setup/doc.blocks";

const page = "docs/automation.examples.md";
const declared = {
  customFields: [
    { key: "plan", type: "select" as const, options: ["gold"], filterable: false },
    { key: "birthday", type: "date" as const, options: null, filterable: false },
  ],
  eventTypes: [],
};
const end = { id: "end", type: "exit" };

/** What is wrong with a rule, or only odd. */
function wrongWith(definition: unknown): unknown[] {
  const parsed = ruleDefinitionSchema.safeParse(definition);
  return parsed.success ? ownProblems(parsed.data, declared) : parsed.error.issues;
}

async function shown<T extends z.ZodType>(kind: string, schema: T): Promise<z.output<T>[]> {
  const blocks = await docBlocks(page, `json ${kind}`);
  expect(blocks.length).toBeGreaterThan(0);
  return blocks.map((block) => schema.parse(JSON.parse(block)));
}
const listOf = (item: z.ZodType<Record<string, unknown>>) => z.array(item);
const anything = z.record(z.string(), z.unknown());

it("shows whole rules that are taken", async () => {
  for (const rule of await shown("rule", anything)) expect(wrongWith(rule)).toEqual([]);
});

it("shows every trigger", async () => {
  const triggers = (await shown("triggers", listOf(anything))).flat();
  for (const trigger of triggers)
    expect([trigger, wrongWith({ trigger, steps: [end] })]).toEqual([trigger, []]);
  const events = new Set(triggers.map(({ event }) => event));
  expect([...triggerNames, "external_event:order_paid"].filter((event) => !events.has(event))).toEqual([]);
});

it("shows every operator", async () => {
  const conditions = (await shown("conditions", listOf(anything))).flat();
  const trigger = { event: "message_received" };
  for (const one of conditions)
    expect([one, wrongWith({ trigger, conditions: one, steps: [end] })]).toEqual([one, []]);
  const shownOps = new Set(conditions.map(({ op }) => op));
  expect(operators.filter((op) => !shownOps.has(op))).toEqual([]);
});

it("shows every step, in one rule", async () => {
  const [steps = []] = await shown("steps", listOf(anything));
  expect(wrongWith({ trigger: { event: "external_event:order_paid" }, steps })).toEqual([]);
  const types = new Set(steps.map(({ type }) => type));
  expect([...controlSteps, ...actions].map(({ type }) => type).filter((type) => !types.has(type))).toEqual(
    [],
  );
});

it("shows texts whose variables and filters there are", async () => {
  for (const value of (await shown("texts", z.array(z.string()))).flat()) {
    const steps = [{ id: "v", type: "set_var", name: "x", value }];
    expect([value, wrongWith({ trigger: { event: "lead_created" }, steps })]).toEqual([value, []]);
  }
});
