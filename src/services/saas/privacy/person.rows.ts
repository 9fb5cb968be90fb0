import { type mongo, Types } from "mongoose";
import type { CrmModels } from "../../../lib/tenant/get.crm.model";
import { mentions, type Person } from "./person";
import { type PersonalModel, personalDataOf } from "./personal.data";

/** As many raw payloads are read for one page. */
const rawSlice = 2_000;

export interface PersonRows {
  readonly rows: readonly mongo.Document[];
  /** Id of the last row that was looked at; null when the collection has been looked through. */
  readonly lookedUpTo: Types.ObjectId | string | null;
}

/**
 * The next rows of a person in one collection, in the order of their ids. Of raw payloads a slice is looked through,
 * so it may answer none though more follow.
 */
export async function personRows(
  models: CrmModels,
  name: PersonalModel,
  person: Person,
  options: { limit: number; after?: unknown },
): Promise<PersonRows> {
  const data = personalDataOf(name);
  const { collection } = models[name];
  const { limit, after } = options;
  const beyond: Record<string, object> = after === undefined ? {} : { _id: { $gt: after } };
  if (data.kind === "none") return { rows: [], lookedUpTo: null };
  if (data.kind === "by-text") {
    const slice = await documents(collection.find(beyond).sort({ _id: 1 }).limit(rawSlice));
    const hits = slice.filter(({ raw }) => typeof raw === "string" && mentions(person, raw));
    const rows = hits.slice(0, limit);
    const last = hits.length > limit ? rows.at(-1) : slice.at(-1);
    const isEnd = hits.length <= limit && slice.length < rawSlice;
    return { rows, lookedUpTo: isEnd ? null : idOf(last) };
  }
  const ids = person.leadIds.map((id) => (data.idAs === "text" ? id.toHexString() : id));
  const rows = await documents(
    collection
      .find({ $and: [{ [data.path]: { $in: ids } }, beyond] })
      .sort({ _id: 1 })
      .limit(limit),
  );
  return { rows, lookedUpTo: rows.length < limit ? null : idOf(rows.at(-1)) };
}

function idOf(row: mongo.Document | undefined): Types.ObjectId | string | null {
  const id: unknown = row?._id;
  return id instanceof Types.ObjectId || typeof id === "string" ? id : null;
}

async function documents(cursor: { toArray(): Promise<mongo.Document[]> }): Promise<mongo.Document[]> {
  return cursor.toArray();
}

/** Deletes rows that `personRows` answered. @returns how many went */
export async function deleteRows(
  models: CrmModels,
  name: PersonalModel,
  rows: readonly mongo.Document[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const ids = rows.map(({ _id }): Types.ObjectId => _id);
  const { deletedCount } = await models[name].collection.deleteMany({ _id: { $in: ids } });
  return deletedCount;
}
