import type { TenantContext } from "../../src/lib/context/tenant.context";
import { getCrmModels } from "../../src/lib/tenant/get.crm.model";
import { deleteStage } from "../../src/services/saas/crm/pipeline.service";

/** Deletes the empty stage with this key, as a tenant does. */
export async function deleteStageByKey(ctx: TenantContext, key: string): Promise<void> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const pipeline = await Pipeline.findOne({ "stages.key": key }).orFail().lean();
  const stage = pipeline.stages.find((each) => each.key === key);
  if (!stage) throw new Error(`There is no stage ${key}.`);
  const at = { id: pipeline._id.toHexString(), ifMatch: undefined };
  await deleteStage(ctx, at, stage._id.toHexString(), undefined);
}
