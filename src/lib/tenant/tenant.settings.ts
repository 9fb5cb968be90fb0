import type { Connection } from "mongoose";
import { tenantSettingsSchema } from "../../model/saas/tenant.settings.schema";
import { lazyModels } from "../db/lazy.models";

/** Writes a new tenant's settings; those of a tenant that has some stay as they are. */
export async function setUpTenantSettings(
  connection: Connection,
  settings: { name: string; timezone: string; defaultCountry: string; currency: string; now: Date },
): Promise<void> {
  const { TenantSettings } = lazyModels(connection, { TenantSettings: tenantSettingsSchema });
  const { now, ...chosen } = settings;
  await TenantSettings.updateOne(
    { _id: "settings" },
    {
      $setOnInsert: {
        name: chosen.name,
        timezone: chosen.timezone,
        defaultCountry: chosen.defaultCountry,
        currency: chosen.currency,
        locale: "en",
        version: 1,
        updatedAt: now,
      },
    },
    { upsert: true },
  );
}
