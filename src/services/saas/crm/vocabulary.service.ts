/** The tenant's lists of tags and sources. What leads use is on them by itself; see `vocabulary.note.ts`. */
import { type QueryFilter, Types, trusted } from "mongoose";
import type {
  CreateName,
  ListNames,
  NameEntry,
  UpdateName,
  VocabularyKind,
} from "../../../contracts/vocabulary.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Page, pageOf } from "../../../lib/query/page";
import { plainText } from "../../../lib/search/words";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { VocabularyRecord } from "../../../model/saas/vocabulary.schema";
import { shownChanges } from "./changed.fields";
import { checkVersion, notFound } from "./crm.problem";
import { toTimestamp } from "./lead.serialiser";
import { nameRecord } from "./vocabulary.note";

/** A name by id, at the version the caller saw when `ifMatch` is given. */
export interface NameAt {
  readonly id: string;
  readonly ifMatch?: number | undefined;
}

/** Names by the alphabet, all or those that begin with `q`. @throws AppError invalid-cursor. */
export async function listNames(
  ctx: TenantContext,
  kind: VocabularyKind,
  query: ListNames,
): Promise<Page<NameEntry>> {
  const { Vocabulary } = await getCrmModels(ctx.clientCode);
  const filter: QueryFilter<VocabularyRecord> = { kind };
  if (query.q !== undefined) {
    const from = plainText(query.q);
    // Everything that begins so lies before the same text with the highest character behind it.
    filter.plain = trusted({ $gte: from, $lt: `${from}\u{10ffff}` });
  }
  const page = await pageOf(ctx, Vocabulary, {
    route: `list:${kind}`,
    query,
    filter,
    sort: { plain: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toName) };
}

/** @throws AppError duplicate, which names the one that is there as `tagId` or `sourceId`. */
export async function createName(
  ctx: TenantContext,
  kind: VocabularyKind,
  { name: given, color = null }: CreateName,
): Promise<NameEntry> {
  const name = given.normalize("NFC");
  return commitChange(ctx, async (change) => {
    const { Vocabulary } = change.models;
    const twin = await Vocabulary.findOne({ kind, name }).session(change.session).lean();
    if (twin)
      throw new AppError("duplicate", `This ${kind} is on the list already. Change that one instead.`, {
        extensions: { [`${kind}Id`]: twin._id.toHexString() },
      });
    const record = nameRecord(kind, name, change.now, color);
    await Vocabulary.insertMany([record], { session: change.session });
    tell(change, null, record);
    return toName(record);
  });
}

/** @throws AppError not-found, precondition-failed. */
export async function updateName(
  ctx: TenantContext,
  kind: VocabularyKind,
  at: NameAt,
  { color }: UpdateName,
): Promise<NameEntry> {
  return commitChange(ctx, async (change) => {
    const before = await nameInChange(change, kind, at);
    if (color === undefined || color === before.color) return toName(before);
    const saved = { ...before, color, version: before.version + 1, updatedAt: change.now };
    const { version, updatedAt } = saved;
    await change.models.Vocabulary.updateOne(
      { _id: before._id },
      { $set: { color, version, updatedAt } },
      { session: change.session },
    );
    tell(change, before, saved);
    return toName(saved);
  });
}

/** Takes a name off the list; leads that have it keep it, and the next that gets it brings it back. @throws AppError not-found, precondition-failed. */
export async function deleteName(ctx: TenantContext, kind: VocabularyKind, at: NameAt): Promise<void> {
  await commitChange(ctx, async (change) => {
    const before = await nameInChange(change, kind, at);
    await change.models.Vocabulary.deleteOne({ _id: before._id }, { session: change.session });
    tell(change, before, null);
  });
}

async function nameInChange(
  change: Change,
  kind: VocabularyKind,
  { id, ifMatch }: NameAt,
): Promise<VocabularyRecord> {
  const record = await change.models.Vocabulary.findOne({ _id: new Types.ObjectId(id), kind })
    .session(change.session)
    .lean();
  if (!record) throw notFound(kind);
  checkVersion(record, ifMatch, toName);
  return record;
}

function tell(change: Change, before: VocabularyRecord | null, after: VocabularyRecord | null): void {
  const told = after ?? before;
  if (!told) return;
  const action = before === null ? "created" : after === null ? "deleted" : "updated";
  change.record({
    type: "settings_updated",
    subject: {},
    data: { [told.kind]: told.name, action },
    changes: shownChanges(before && toName(before), after && toName(after)),
  });
}

function toName(record: VocabularyRecord): NameEntry {
  return {
    id: record._id.toHexString(),
    version: record.version,
    name: record.name,
    color: record.color,
    createdAt: toTimestamp(record.createdAt),
    updatedAt: toTimestamp(record.updatedAt),
  };
}
