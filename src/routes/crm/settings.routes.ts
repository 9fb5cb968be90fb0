import { settingsSchema, updateSettingsSchema } from "../../contracts/settings.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { getSettings, updateSettings } from "../../services/saas/crm/settings.service";

const tag = "Settings";
const path = "/api/crm/settings";

/** What a tenant chooses for itself. */
export const settingsRoutes: readonly Route[] = [
  defineRoute({
    operationId: "getSettings",
    method: "GET",
    path,
    tag,
    summary: "Read the tenant's settings",
    description: "Time zone, language, country of phone numbers, currency, hours and holidays.",
    auth: { kind: "tenant", scope: "settings:read" },
    input: {},
    output: { status: 200, description: "The settings.", body: settingsSchema },
    problems: [],
    run: async ({ ctx }) => {
      const settings = await getSettings(ctx);
      return { body: settings, version: settings.version };
    },
  }),
  defineRoute({
    operationId: "updateSettings",
    method: "PATCH",
    path,
    tag,
    summary: "Change the tenant's settings",
    description: "Merge patch. With `If-Match` only at the version you saw.",
    auth: { kind: "tenant", scope: "settings:write" },
    input: { body: updateSettingsSchema },
    output: { status: 200, description: "The settings as they are now.", body: settingsSchema },
    problems: ["precondition-failed"],
    run: async ({ ctx, body, ifMatch }) => {
      const settings = await updateSettings(ctx, body, ifMatch);
      return { body: settings, version: settings.version };
    },
  }),
];
