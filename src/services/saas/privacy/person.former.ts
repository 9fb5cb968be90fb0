/** What a person went by before: a number given up is still in what was received from it. */
import { type Types, trusted } from "mongoose";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";

/** Fields of a lead that name a person, as its timeline shows their changes. */
const namingFields = ["phone", "email", "waId", "waUserId"];

/**
 * Numbers, addresses and ids that these leads went by, from their identities and their timelines, without those that
 * somebody else goes by now: what is told of them may be about that person.
 */
export async function formerIdentifiers(models: CrmModels, leadIds: Types.ObjectId[]): Promise<string[]> {
  const ours = trusted({ $in: leadIds });
  const identities = await models.ContactIdentity.find({ leadId: ours }).lean();
  const changes = await models.Activity.find({
    leadId: ours,
    type: "lead_updated",
    $or: namingFields.map((field) => ({ [`changes.${field}.from`]: trusted({ $gt: "" }) })),
  })
    .select({ changes: 1 })
    .lean();
  const given = changes.flatMap(({ changes: fields }) => namingFields.map((name) => fields?.[name]?.from));
  const named = new Set([
    ...identities.flatMap(({ _id }) => nameIn(_id)),
    ...given.filter((value) => typeof value === "string" && value !== ""),
  ]);
  const taken = await takenByOthers(models, leadIds, [...named].map(String));
  return [...named].map(String).filter((value) => !taken.has(value));
}

/** `tel:+351…`, `wa:351…`, `uid:<portfolio>:<id>`, `mail:…` */
function nameIn(key: string): string[] {
  const value = key.startsWith("uid:") ? key.split(":").slice(2).join(":") : key.replace(/^[a-z]+:/, "");
  return value === "" ? [] : [value];
}

async function takenByOthers(
  { ContactIdentity, Lead }: CrmModels,
  leadIds: Types.ObjectId[],
  values: readonly string[],
): Promise<ReadonlySet<string>> {
  const others = trusted({ $nin: leadIds });
  const keys = values.flatMap((value) => [`tel:${value}`, `wa:${value}`, `mail:${value}`]);
  const held = await ContactIdentity.find({
    _id: trusted({ $in: keys }),
    leadId: others,
    retiredAt: null,
  }).lean();
  const addressed = await Lead.find({
    emailLower: trusted({ $in: [...values] }),
    _id: others,
    deletedAt: null,
  })
    .select({ emailLower: 1 })
    .lean();
  return new Set([
    ...held.flatMap(({ _id }) => nameIn(_id)),
    ...addressed.flatMap(({ emailLower }) => emailLower ?? []),
  ]);
}
