import type { ClientCode } from "../../../contracts/common.contract";
import { getCentralModels } from "../../../lib/db/get.central.models";
import { heldFor, openHeld, resealHeld } from "./quarantine.service";

/**
 * Takes a person's items out of what waits centrally for a tenant. Rows that cannot be opened stay: they expire.
 * @param isTheirs whether an item's raw text names the person
 * @returns how many items went
 */
export async function eraseFromQuarantine(
  clientCode: ClientCode,
  isTheirs: (raw: string) => boolean,
): Promise<number> {
  const { Quarantine } = await getCentralModels();
  let erased = 0;
  const { $or } = await heldFor(clientCode);
  // Also those that were stored with the tenant already: their copy is kept until it expires.
  for await (const row of Quarantine.find({ $or }).lean().cursor()) {
    const items = openHeld(row);
    const kept = items?.filter(({ raw }) => !isTheirs(raw));
    if (!items || !kept || kept.length === items.length) continue;
    if (kept.length === 0) await Quarantine.deleteOne({ _id: row._id });
    else await Quarantine.updateOne({ _id: row._id }, { $set: { envelope: resealHeld(row, kept) } });
    erased += items.length - kept.length;
  }
  return erased;
}
