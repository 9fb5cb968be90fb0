import { Types } from "mongoose";
import { objectIdSchema } from "../../../../contracts/common.contract";
import { AppError } from "../../../../lib/errors/app.error";
import { commitChange, EventAlreadyRecordedError } from "../../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../../lib/tenant/get.crm.model";
import { tellRuleInChange } from "../own.events";
import { defineAction } from "./action";

/** Starts another rule for the same lead. The start is an event with the effect's key, so a retry starts nothing more. */
export const startAutomationAction = defineAction({
  type: "start_automation",
  mode: "inline",
  description: "Start another rule for this lead.",
  config: { automationId: objectIdSchema.meta({ description: "The rule to start." }) },
  async run(ctx, { automationId }, { run, effectKey }) {
    const { AutomationRule } = await getCrmModels(ctx.clientCode);
    const rule = await AutomationRule.findById(new Types.ObjectId(automationId))
      .select({ enabled: 1 })
      .lean();
    if (!rule) throw new AppError("invalid-reference", "The rule to start does not exist.");
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
