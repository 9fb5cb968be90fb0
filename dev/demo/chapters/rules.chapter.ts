import * as z from "zod";
import { appointmentRule, proposalRule, welcomeRule } from "../rules";
import type { Story } from "../story";
import { expectSame } from "../transcript";

const ruleAnswer = z.object({ id: z.string(), name: z.string(), enabled: z.boolean() });

/** Three rules for the tenant, made over the API. */
export async function createRules({ say, api }: Story): Promise<void> {
  say.chapter("Three rules for the tenant");
  for (const rule of [welcomeRule, proposalRule, appointmentRule]) {
    await say.step(`rule “${rule.name}”`, async () => {
      const created = await api.post("/automations", rule, ruleAnswer);
      expectSame("enabled", created.enabled, true);
      return `rule ${created.id}, on ${rule.definition.trigger.event}, ${rule.definition.steps.length} step(s)`;
    });
  }
}
