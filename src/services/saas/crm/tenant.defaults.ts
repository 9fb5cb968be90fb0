/** What a new tenant starts with, so that its first lead has a place to go. */
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import { newStages, usualStages } from "./pipeline.stages";
import { defaultSettings } from "./settings.read";

/** What the platform may choose for a tenant at its creation. */
export type FirstSettings = Partial<
  Pick<TenantSettingsRecord, "name" | "timezone" | "locale" | "defaultCountry" | "currency">
>;

/**
 * Gives a tenant its settings and its default pipeline. Called when a tenant is created; what is there stays, so it
 * may be called again.
 */
export async function ensureTenantDefaults(ctx: TenantContext, first: FirstSettings = {}): Promise<void> {
  await commitChange(ctx, async (change) => {
    const { Pipeline, TenantSettings } = change.models;
    const { session, now } = change;
    const settings = { ...defaultSettings, name: ctx.clientCode, ...first };
    await TenantSettings.updateOne(
      { _id: "settings" },
      { $setOnInsert: { ...settings, version: 1, updatedAt: now } },
      { session, upsert: true },
    );
    if (await Pipeline.findOne({ isDefault: true }).session(session).lean()) return;
    const pipeline = {
      _id: new Types.ObjectId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
      key: "sales",
      name: "Sales",
      isDefault: true,
      currency: settings.currency,
      stages: newStages(usualStages),
    };
    await Pipeline.insertMany([pipeline], { session });
    change.record({
      type: "pipeline_updated",
      subject: { pipelineId: pipeline._id.toHexString() },
      data: { action: "created" },
    });
  });
}
