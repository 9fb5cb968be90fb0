import type { ClientCode } from "../../contracts/common.contract";
import { now } from "../clock/clock";
import { getCentralModels } from "../db/get.central.models";

const minuteMs = 60_000;
const keepMs = 3 * 24 * 60 * minuteMs;

/**
 * What stands untouched for this long was left behind by somebody who died, and sweeps take it up: longer than a call
 * of Meta's or a lease lasts, and shorter than the minute that passes between the end of a mark's minute and its sweep,
 * so that a sweep leaves nothing of that minute.
 */
export const leftBehindAfterMs = 45_000;

const lastMarked = new Map<ClientCode, number>();

/**
 * Leaves a majority-written mark that this tenant was written to in this minute, once per container and minute and
 * before the write it announces. A crash may then lose the process but not the tenant: the poller sweeps every
 * marked tenant a minute after its minute is over, by the stack's clock.
 */
export async function markTenantActive(clientCode: ClientCode): Promise<void> {
  const minute = Math.floor(now().getTime() / minuteMs);
  if (lastMarked.get(clientCode) === minute) return;
  const { TenantActivity } = await getCentralModels();
  await TenantActivity.updateOne(
    { _id: `${clientCode}:${minute}` },
    {
      $setOnInsert: {
        clientCode,
        minute: new Date(minute * minuteMs),
        sweptAt: null,
        expireAt: new Date(Date.now() + keepMs),
      },
    },
    { upsert: true, writeConcern: { w: "majority" } },
  );
  lastMarked.set(clientCode, minute);
}
