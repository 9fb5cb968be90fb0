import { keySchema } from "../../../../contracts/common.contract";
import { moveLeadInChange } from "../../crm/lead.service";
import { defineChange } from "./action";

/** Moves the lead to a stage named by its key; a lead that stands there already is not moved. */
export const moveStageAction = defineChange({
  type: "move_stage",
  description: "Move the lead to a stage.",
  config: {
    stageKey: keySchema.meta({ description: "Key of the stage.", example: "qualified" }),
    pipelineKey: keySchema
      .optional()
      .meta({ description: "Key of the pipeline; the lead's own when absent." }),
  },
  async change(ctx, change, { stageKey, pipelineKey }, { run }) {
    const lead = await moveLeadInChange(ctx, change, run.leadId, { stageKey, pipelineKey });
    return { stageId: lead.stageId?.toHexString() ?? null };
  },
});
