import type { ClientSession } from "mongoose";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { getCentralModels } from "../../lib/db/get.central.models";

/** An act of the platform, e.g. `client.suspend`. `detail` holds ids, codes and counts, never a secret. */
export interface PlatformAct {
  readonly action: string;
  readonly clientCode: string | null;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Records who asked for what, before it is done, so that no act is without its record. */
export async function auditPlatformAct(
  ctx: PlatformContext,
  act: PlatformAct,
  session?: ClientSession,
): Promise<void> {
  const { PlatformAudit } = await getCentralModels();
  await PlatformAudit.create(
    [
      {
        action: act.action,
        clientCode: act.clientCode,
        actor: { type: ctx.actor.type, id: ctx.actor.id },
        requestId: ctx.requestId,
        detail: act.detail ?? {},
        at: ctx.now(),
      },
    ],
    session ? { session } : {},
  );
}
