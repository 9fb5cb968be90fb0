import { type Connection, Types } from "mongoose";
import type { VocabularyKind } from "../../../contracts/vocabulary.contract";
import { plainText } from "../../search/words";
import type { Migration } from "./migration";

/** Tags and sources that leads had before there were lists of them. A second run finds them there. */
export const vocabularyMigration: Migration = {
  id: "0003-vocabulary",
  steps: [
    { name: "list the tags of leads", run: (connection) => fill(connection, "tag", "tags") },
    { name: "list the sources of leads", run: (connection) => fill(connection, "source", "source") },
  ],
};

async function fill(connection: Connection, kind: VocabularyKind, path: string): Promise<void> {
  const now = new Date();
  const used = connection
    .collection("leads")
    .aggregate<{ _id: unknown }>([{ $unwind: `$${path}` }, { $group: { _id: `$${path}` } }]);
  for await (const { _id: name } of used) {
    if (typeof name !== "string") continue;
    const made = { version: 1, createdAt: now, updatedAt: now, plain: plainText(name), color: null };
    await connection
      .collection("vocabulary")
      .updateOne({ kind, name }, { $setOnInsert: { _id: new Types.ObjectId(), ...made } }, { upsert: true });
  }
}
