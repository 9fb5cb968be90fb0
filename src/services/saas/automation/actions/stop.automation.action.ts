import { Types } from "mongoose";
import { objectIdSchema } from "../../../../contracts/common.contract";
import { endRunsOf } from "../end.runs";
import { defineAction } from "./action";

/** Ends the living runs of another rule for the same lead. */
export const stopAutomationAction = defineAction({
  type: "stop_automation",
  mode: "inline",
  description: "End this lead's runs of another rule.",
  config: { automationId: objectIdSchema.meta({ description: "The rule whose runs end." }) },
  async run(ctx, { automationId }, { run }) {
    const stopped = await endRunsOf(
      ctx,
      { ruleId: new Types.ObjectId(automationId), leadId: run.leadId, except: run._id },
      { status: "exited", exitReason: "stopped_by_rule" },
    );
    return { automationId, stopped };
  },
});
