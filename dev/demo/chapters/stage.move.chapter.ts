import { pageSchema } from "../../../src/contracts/common.contract";
import { leadSchema } from "../../../src/contracts/lead.contract";
import { pipelineSchema } from "../../../src/contracts/pipeline.contract";
import type { Lead, Story } from "../story";
import { DemoFailure, eventually, expectSame } from "../transcript";

/** A stage move and its rule. */
export async function stageMove({ say, api }: Story, lead: Lead): Promise<void> {
  say.chapter("The lead moves on");
  await say.step("to the stage “proposal”", async () => {
    const pipelines = await api.get("/pipelines", pageSchema(pipelineSchema));
    const pipeline = pipelines.data.find((each) => each.isDefault);
    const stage = pipeline?.stages.find((each) => each.key === "proposal");
    if (!pipeline || !stage) throw new DemoFailure("the default pipeline has no stage with the key proposal");
    const moved = await api.post(`/leads/${lead.id}/move`, { stageId: stage.id }, leadSchema);
    expectSame("stage", moved.stageId, stage.id);
    return `pipeline ${pipeline.key}: ${pipeline.stages.map((each) => each.key).join(" → ")}`;
  });
  await say.step("where the stage's rule tags it", async () => {
    const tagged = await eventually("the rule's tag", async () => {
      const current = await api.get(`/leads/${lead.id}`, leadSchema);
      return current.tags.includes("proposal_sent") ? current : undefined;
    });
    return `tags: ${tagged.tags.join(", ")}`;
  });
}
