import type { Settings, UpdateSettings } from "../../../contracts/settings.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { TenantSettingsRecord } from "../../../model/saas/tenant.settings.schema";
import { fieldChanges } from "./changed.fields";
import { checkVersion } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { readSettings } from "./settings.read";

const watched = new Set([
  "name",
  "timezone",
  "locale",
  "defaultCountry",
  "currency",
  "businessHours",
  "holidays",
  "automation",
]);

export async function getSettings(ctx: TenantContext): Promise<Settings> {
  return toSettings(await readSettings(await getCrmModels(ctx.clientCode)));
}

/** Changes the tenant's settings by merge patch. @throws AppError precondition-failed. */
export async function updateSettings(
  ctx: TenantContext,
  patch: UpdateSettings,
  ifMatch: number | undefined,
): Promise<Settings> {
  return commitChange(ctx, async (change) => {
    const { TenantSettings } = change.models;
    const { session, now } = change;
    const before = await readSettings(change.models, session);
    checkVersion(before, ifMatch, toSettings);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const after: TenantSettingsRecord = { ...before, ...given };
    const changes = fieldChanges(before, after, watched);
    if (Object.keys(changes).length === 0) return toSettings(before);
    const saved = { ...after, version: before.version + 1, updatedAt: now };
    const { _id, ...fields } = saved;
    await TenantSettings.updateOne({ _id }, { $set: fields }, { session, upsert: true });
    change.record({ type: "settings_updated", subject: {}, changes });
    return toSettings(saved);
  });
}

function toSettings({ _id, updatedAt, ...settings }: TenantSettingsRecord): Settings {
  return { ...settings, updatedAt: toTimestamp(updatedAt) };
}
