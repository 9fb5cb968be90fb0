import { endRunsOf } from "../end.runs";
import { defineAction } from "./action";
import { chosenRule, oneRule, ruleChoice } from "./rule.choice";

/** Ends the living runs of another rule for the same lead. */
export const stopAutomationAction = defineAction({
  type: "stop_automation",
  mode: "inline",
  description: "End this lead's runs of another rule.",
  oneOf: oneRule,
  config: ruleChoice,
  async run(ctx, choice, { run }) {
    const { _id } = await chosenRule(ctx, choice);
    const stopped = await endRunsOf(
      ctx,
      { ruleId: _id, leadId: run.leadId, except: run._id },
      { status: "exited", exitReason: "stopped_by_rule" },
    );
    return { automationId: _id.toHexString(), stopped };
  },
});
