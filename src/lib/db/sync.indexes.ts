/** Makes a database's indexes be those that the schemas declare. Nothing else creates or drops an index. */
import { isDeepStrictEqual } from "node:util";
import type { Connection, IndexOptions, mongo, Schema } from "mongoose";
import { AppError } from "../errors/app.error";

/** An index as we declare it: these options and no others, so that it can be compared with the server's. */
interface DeclaredIndex {
  readonly name: string;
  readonly key: Map<string, 1 | -1>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly partialFilterExpression?: mongo.Document;
  readonly expireAfterSeconds?: number;
}

/** What a run did, as `collection.index`. */
export interface IndexChanges {
  readonly created: string[];
  readonly dropped: string[];
  /** Neither declared nor dropped: `contract` would drop them. */
  readonly surplus: string[];
}

/** Fewer than a pool's sockets, so that a slow server keeps nobody waiting for one. */
const collectionsAtOnce = 4;

/**
 * Creates every declared index that is missing. With `contract`, for when no older version runs any more, it also
 * drops indexes that are no longer declared and replaces those whose definition changed.
 * @throws AppError conflict without `contract`, when a definition changed under its name.
 */
export async function syncIndexes(
  connection: Connection,
  schemas: Record<string, Schema>,
  options: { contract: boolean },
): Promise<IndexChanges> {
  const changes: IndexChanges = { created: [], dropped: [], surplus: [] };
  // A collection appears with its first index or document.
  const present = new Set((await connection.listCollections()).map(({ name }) => name));
  const waiting = [...declaredIndexes(schemas)];
  const syncNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, declared] = next;
      const existing = present.has(name) ? await connection.collection(name).indexes() : [];
      await syncCollection(connection, name, { declared, existing }, options, changes);
    }
  };
  await Promise.all(Array.from({ length: collectionsAtOnce }, syncNext));
  for (const list of [changes.created, changes.dropped, changes.surplus]) list.sort();
  return changes;
}

/** The declared indexes by collection. @throws Error when one has no name: names are how they are compared. */
export function declaredIndexes(schemas: Record<string, Schema>): Map<string, DeclaredIndex[]> {
  const collections = new Map<string, DeclaredIndex[]>();
  for (const schema of Object.values(schemas)) {
    const collection = schema.get("collection");
    if (!collection) throw new Error("Every schema names its collection.");
    const indexes = schema.indexes().map(([fields, options]): DeclaredIndex => {
      if (!options.name) throw new Error(`An index of ${collection} has no name; declare it with one.`);
      const key = new Map(Object.entries(fields).map(([field, value]) => [field, direction(value)]));
      return { name: options.name, key, ...comparedOptions(options) };
    });
    collections.set(collection, [...(collections.get(collection) ?? []), ...indexes]);
  }
  return collections;
}

async function syncCollection(
  connection: Connection,
  name: string,
  indexes: { declared: readonly DeclaredIndex[]; existing: readonly mongo.IndexDescriptionInfo[] },
  options: { contract: boolean },
  changes: IndexChanges,
): Promise<void> {
  const collection = connection.collection(name);
  const existing = new Map(indexes.existing.map((index) => [index.name, index]));
  existing.delete("_id_");

  const missing: DeclaredIndex[] = [];
  for (const index of indexes.declared) {
    const found = existing.get(index.name);
    existing.delete(index.name);
    if (found && isDeepStrictEqual(definition(found), definition(index))) continue;
    if (found && !options.contract)
      throw new AppError(
        "conflict",
        `The index ${name}.${index.name} is declared differently from what the database has. Older code may still ` +
          "need the old one: declare the new one under a new name, or run the migration with --contract.",
      );
    if (found) {
      await collection.dropIndex(found.name ?? "");
      changes.dropped.push(`${name}.${found.name}`);
    }
    missing.push(index);
  }
  for (const surplus of existing.keys()) {
    if (!options.contract || surplus === undefined) {
      changes.surplus.push(`${name}.${surplus}`);
      continue;
    }
    await collection.dropIndex(surplus);
    changes.dropped.push(`${name}.${surplus}`);
  }
  if (missing.length > 0) await collection.createIndexes(missing);
  changes.created.push(...missing.map((index) => `${name}.${index.name}`));
}

/** What makes two indexes the same. */
function definition(index: mongo.IndexDescriptionInfo | DeclaredIndex): unknown {
  const fields = index.key instanceof Map ? [...index.key] : Object.entries(index.key);
  return { fields, ...comparedOptions(index) };
}

function direction(value: unknown): 1 | -1 {
  if (value === 1 || value === -1) return value;
  throw new Error("Only ascending (1) and descending (-1) indexes are declared here so far.");
}

function comparedOptions(
  options: Pick<IndexOptions, "unique" | "sparse" | "partialFilterExpression" | "expireAfterSeconds">,
): Omit<DeclaredIndex, "key" | "name"> {
  const { unique, sparse, partialFilterExpression, expireAfterSeconds } = options;
  return {
    ...(unique ? { unique: true } : {}),
    ...(sparse ? { sparse } : {}),
    ...(partialFilterExpression ? { partialFilterExpression } : {}),
    ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
  };
}
