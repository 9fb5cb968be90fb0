import { trusted } from "mongoose";
import type { FoundLead, ShowLead } from "../../../contracts/lead.search.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import { toLead } from "./lead.serialiser";
import { activeUsers } from "./user.read";

/** Leads with only the fields that were asked for, and what is expanded beside their ids. */
export async function showLeads(
  ctx: TenantContext,
  { Pipeline }: CrmModels,
  records: readonly LeadRecord[],
  { fields, expand = [] }: ShowLead,
): Promise<FoundLead[]> {
  const owners = expand.includes("owner")
    ? await activeUsers(ctx, [...new Set(records.flatMap(({ ownerId }) => ownerId ?? []))])
    : [];
  const pipelines = expand.includes("stage")
    ? await Pipeline.find({
        _id: trusted({ $in: records.flatMap(({ pipelineId }) => pipelineId ?? []) }),
      }).lean()
    : [];
  const stageOf = ({ stageId }: LeadRecord): FoundLead["stage"] => {
    const pipeline = pipelines.find(({ stages }) => stages.some(({ _id }) => stageId?.equals(_id)));
    const stage = pipeline?.stages.find(({ _id }) => stageId?.equals(_id));
    if (!pipeline || !stage) return null;
    const { key, name, type } = stage;
    const place = { pipelineId: pipeline._id.toHexString(), pipelineKey: pipeline.key };
    return { id: stage._id.toHexString(), key, name, type, ...place };
  };
  const ownerOf = ({ ownerId }: LeadRecord): FoundLead["owner"] => {
    const owner = owners.find(({ key }) => key === ownerId);
    return owner ? { id: owner.key, name: owner.name } : null;
  };
  return records.map((record) => ({
    ...picked(toLead(record), fields),
    ...(expand.includes("owner") ? { owner: ownerOf(record) } : {}),
    ...(expand.includes("stage") ? { stage: stageOf(record) } : {}),
  }));
}

function picked(lead: ReturnType<typeof toLead>, fields: readonly string[] | undefined): FoundLead {
  if (!fields) return lead;
  const { id, version } = lead;
  return {
    id,
    version,
    ...Object.fromEntries(Object.entries(lead).filter(([name]) => fields.includes(name))),
  };
}
