import type { Pipeline } from "../../../contracts/pipeline.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { toPipeline } from "./pipeline.serialiser";

/** Pipelines by name. */
export async function listPipelines(
  ctx: TenantContext,
  query: { limit: number; cursor?: string | undefined },
): Promise<Page<Pipeline>> {
  const { Pipeline } = await getCrmModels(ctx.clientCode);
  const page = await pageOf(ctx, Pipeline, {
    route: "listPipelines",
    query,
    filter: {},
    sort: { name: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toPipeline) };
}
