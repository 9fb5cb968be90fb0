import { AppError } from "../../../../lib/errors/app.error";
import { commitChange, EventAlreadyRecordedError } from "../../../../lib/tenant/commit.change";
import { tellRuleInChange } from "../own.events";
import { defineAction } from "./action";
import { chosenRule, oneRule, ruleChoice } from "./rule.choice";

/** Starts another rule for the same lead. The start is an event with the effect's key, so a retry starts nothing more. */
export const startAutomationAction = defineAction({
  type: "start_automation",
  mode: "inline",
  description: "Start another rule for this lead.",
  oneOf: oneRule,
  config: ruleChoice,
  async run(ctx, choice, { run, effectKey }) {
    const rule = await chosenRule(ctx, choice);
    const automationId = rule._id.toHexString();
    if (!rule.enabled) throw new AppError("invalid-state", "The rule to start is not enabled.");
    const eventId = `manual:${effectKey}`;
    try {
      await commitChange(ctx, async (change) => {
        tellRuleInChange(change, {
          type: "manual",
          id: eventId,
          ruleId: automationId,
          leadId: run.leadId.toHexString(),
        });
      });
    } catch (error) {
      if (!(error instanceof EventAlreadyRecordedError)) throw error;
    }
    return { automationId, eventId };
  },
});
