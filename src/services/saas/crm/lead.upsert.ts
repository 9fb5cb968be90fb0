import type { Lead } from "../../../contracts/lead.contract";
import type { CreateLead, UpdateLead } from "../../../contracts/lead.input.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { requirePhone } from "../../../lib/phone/phone";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { checkVersion } from "./crm.problem";
import { createLeadInChange } from "./lead.create";
import { findTwin, type LeadIdentity } from "./lead.identity";
import { toLead } from "./lead.serialiser";
import { updateLeadInChange } from "./lead.update";
import { readSettings } from "./settings.read";

/** What a lead is known by to whoever upserts it. */
export type LeadKey =
  | { readonly phone: string }
  | { readonly externalId: { readonly system: string; readonly id: string } };

/** The lead as it is now, and whether it is new. */
export interface Upserted {
  readonly lead: Lead;
  readonly created: boolean;
}

/**
 * Changes the lead with this phone or external id, or creates it. Done twice it is done once.
 * @throws AppError as createLead and updateLead; precondition-failed also when `ifMatch` is given and there is none.
 */
export async function upsertLead(
  ctx: TenantContext,
  key: LeadKey,
  patch: UpdateLead,
  ifMatch: number | undefined,
): Promise<Upserted> {
  return commitChange(ctx, async (change) => {
    const id = await findTwin(change.models, await identityOf(change, key), null, change.session);
    const keyed: UpdateLead =
      "phone" in key
        ? { ...patch, phone: key.phone }
        : { ...patch, externalIds: { ...patch.externalIds, [key.externalId.system]: key.externalId.id } };
    // A known phone is not written again: its stored spelling is the first one given.
    if (id) {
      const lead = await updateLeadInChange(ctx, change, id, "phone" in key ? patch : keyed, ifMatch);
      return { lead: toLead(lead), created: false };
    }
    checkVersion({ version: 0 }, ifMatch, () => null);
    return { lead: toLead(await createLeadInChange(ctx, change, asNew(keyed))), created: true };
  });
}

async function identityOf(change: Change, key: LeadKey): Promise<LeadIdentity> {
  if ("externalId" in key) return { keys: [], email: null, externalIds: [key.externalId] };
  const { defaultCountry } = await readSettings(change.models, change.session);
  const { canonical } = await requirePhone(key.phone, defaultCountry, "/path/e164");
  return { keys: [`tel:${canonical}`], email: null, externalIds: [] };
}

/** The patch of nothing: what it removes was never there. */
export function asNew({ custom, externalIds, ...fields }: UpdateLead): CreateLead {
  return { ...fields, custom: present(custom), externalIds: present(externalIds) };
}

function present<V>(values: Record<string, V | null> | undefined): Record<string, V> {
  const kept = Object.entries(values ?? {}).flatMap(([name, value]): [string, V][] =>
    value === null ? [] : [[name, value]],
  );
  return Object.fromEntries(kept);
}
