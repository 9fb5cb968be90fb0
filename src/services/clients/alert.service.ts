/** Alerts of all tenants, for the platform team. They are raised and closed by what they are about. */
import { Types } from "mongoose";
import type { Alert, AlertListQuery } from "../../contracts/alert.contract";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";
import { AppError } from "../../lib/errors/app.error";
import { type Page, pageOf } from "../../lib/query/page";
import type { AlertRecord } from "../../model/clients/platform.schema";
import { auditPlatformAct } from "./platform.audit.service";

/** Alerts, the latest first. @throws AppError invalid-cursor */
export async function listAlerts(query: AlertListQuery): Promise<Page<Alert>> {
  const { Alert } = await getCentralModels();
  const { state, clientCode, code } = query;
  const page = await pageOf({ clientCode: null }, Alert, {
    route: "listAlerts",
    query,
    filter: {
      state,
      ...(clientCode === undefined ? {} : { clientCode }),
      ...(code === undefined ? {} : { code }),
    },
    sort: { lastAt: -1, _id: -1 },
  });
  return { ...page, data: page.data.map(toAlert) };
}

/**
 * Closes an alert by hand; it opens anew when its cause happens again. One that is closed stays as it is.
 * @throws AppError not-found
 */
export async function closeAlert(ctx: PlatformContext, id: string): Promise<Alert> {
  const { Alert } = await getCentralModels();
  const alert = Types.ObjectId.isValid(id) ? await Alert.findById(id).lean() : null;
  if (!alert) throw new AppError("not-found", "There is no such alert.");
  if (alert.state === "closed") return toAlert(alert);
  const { clientCode, code, ref } = alert;
  await auditPlatformAct(ctx, { action: "alert.close", clientCode, detail: { alertId: id, code, ref } });
  await Alert.updateOne({ _id: alert._id }, { $set: { state: "closed" } });
  return toAlert({ ...alert, state: "closed" });
}

function toAlert({ _id, clientCode, code, ref, detail, state, count, firstAt, lastAt }: AlertRecord): Alert {
  return {
    id: _id.toHexString(),
    clientCode,
    code,
    ref,
    detail,
    state,
    count,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  };
}
