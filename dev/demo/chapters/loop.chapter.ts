import {
  automationDecisionSchema,
  automationRunSchema,
} from "../../../src/contracts/automation.run.contract";
import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { createRule, newLead, type Rule } from "../rule.watch";
import type { Story } from "../story";
import { DemoFailure, eventually, expectSame } from "../transcript";

/** Two rules that set each other off go round once. @returns the rules */
export async function loop(story: Story): Promise<Rule[]> {
  const { say, api } = story;
  const rules: Rule[] = [];
  await say.step("two rules that set each other off are stopped, and it is told why", async () => {
    rules.push(await createRule(story, "Asks to call", swap("called", "to_call")));
    rules.push(await createRule(story, "Notes the call", swap("to_call", "called")));
    const [first] = rules;
    const lead = await newLead(story, "Fausto", "+351912000205", "fair");
    await api.post(`/leads/${lead.id}/tags`, { tags: ["called"] }, leadSchema);
    const decision = await eventually("the decision", async () => {
      const path = `/leads/${lead.id}/automation-decisions?limit=100`;
      const { data } = await api.get(path, pageSchema(automationDecisionSchema));
      return data.find(({ outcome }) => outcome === "loop_chain");
    });
    expectSame("the rule that was stopped", decision.ruleId, first?.id);
    if (!decision.reason) throw new DemoFailure("the decision gives no reason");
    const runs = await api.get(`/leads/${lead.id}/automation-runs`, pageSchema(automationRunSchema));
    expectSame("runs", runs.data.length, 2);
    return `lead ${lead.id}, 2 runs; ${decision.outcome} at ${decision.at}: ${decision.reason}`;
  });
  return rules;
}

/** A rule that answers one tag by the other. */
function swap(tag: string, other: string) {
  return {
    trigger: { event: "tag_added", tag },
    steps: [
      { id: "off", type: "remove_tag", tag },
      { id: "on", type: "add_tag", tag: other },
    ],
  };
}
