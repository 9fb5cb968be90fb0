/** What a new tenant starts with, so that its first lead has a place to go. */
import { type Connection, Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { isDuplicateKey } from "../../../lib/db/duplicate.key";
import { lazyModels } from "../../../lib/db/lazy.models";
import { tenantConnection } from "../../../lib/tenant/tenant.registry";
import { setUpTenantSettings } from "../../../lib/tenant/tenant.settings";
import { pipelineSchema } from "../../../model/saas/pipeline.schema";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import { newStages, usualStages } from "./pipeline.stages";
import { defaultSettings } from "./settings.read";

/** What the platform may choose for a tenant at its creation. */
export type FirstSettings = Partial<
  Pick<TenantSettingsRecord, "name" | "timezone" | "defaultCountry" | "currency">
>;

/**
 * Gives a tenant its settings and its default pipeline. What is there stays, so it may be called again; it is no
 * change of the tenant's own and tells no event.
 */
export async function ensureTenantDefaults(ctx: TenantContext, first: FirstSettings = {}): Promise<void> {
  const connection = await tenantConnection(ctx.clientCode);
  const settings = { ...defaultSettings, name: ctx.clientCode, ...first, now: ctx.now() };
  await setUpTenantSettings(connection, settings);
  await setUpDefaultPipeline(connection, settings);
}

/** The pipeline `sales` with the usual stages, for a database that has no default pipeline yet. */
export async function setUpDefaultPipeline(
  connection: Connection,
  { currency, now }: { currency: string; now: Date },
): Promise<void> {
  const { Pipeline } = lazyModels(connection, { Pipeline: pipelineSchema });
  if (await Pipeline.exists({ isDefault: true })) return;
  const pipeline = {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    key: "sales",
    name: "Sales",
    isDefault: true,
    currency,
    deleting: false,
    stages: newStages(usualStages),
  };
  try {
    await Pipeline.insertMany([pipeline]);
  } catch (error) {
    // Somebody did the same at this moment: there is a default, or at least a pipeline of this name.
    if (!isDuplicateKey(error)) throw error;
  }
}
