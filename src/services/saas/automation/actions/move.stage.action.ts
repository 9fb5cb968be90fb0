import { keySchema } from "../../../../contracts/common.contract";
import { moveLeadToStageKey } from "../../crm/lead.service";
import { defineAction } from "./action";

/** Moves the lead to a stage named by its key; a lead that stands there already is not moved. */
export const moveStageAction = defineAction({
  type: "move_stage",
  mode: "inline",
  description: "Move the lead to a stage.",
  config: {
    stageKey: keySchema.meta({ description: "Key of the stage.", example: "qualified" }),
    pipelineKey: keySchema
      .optional()
      .meta({ description: "Key of the pipeline; the lead's own when absent." }),
  },
  async run(ctx, { stageKey, pipelineKey }, { run }) {
    const lead = await moveLeadToStageKey(ctx, { id: run.leadId.toHexString(), stageKey, pipelineKey });
    return { stageId: lead.stageId };
  },
});
