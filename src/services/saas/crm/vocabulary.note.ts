/** Names enter the tenant's lists by being used: whoever tags a lead need not think of the list. */
import { Types, trusted } from "mongoose";
import type { VocabularyKind } from "../../../contracts/vocabulary.contract";
import { plainText } from "../../../lib/search/words";
import type { Change } from "../../../lib/tenant/commit.change";
import type { LeadRecord } from "../../../model/saas/lead.schema";
import type { VocabularyRecord } from "../../../model/saas/vocabulary.schema";

/** What a lead uses of the lists. */
export type Named = Pick<LeadRecord, "tags" | "source">;

/** Puts names that no lead had before into the lists; one query when there may be any. */
export async function noteNames(change: Change, leads: readonly Named[]): Promise<void> {
  const tags = [...new Set(leads.flatMap((lead) => lead.tags))];
  const sources = [...new Set(leads.flatMap(({ source }) => source ?? []))];
  const used = [
    ...tags.map((name) => ["tag", name] as const),
    ...sources.map((name) => ["source", name] as const),
  ];
  if (used.length === 0) return;
  const { Vocabulary } = change.models;
  const { session, now } = change;
  const known = await Vocabulary.find({
    $or: [
      { kind: "tag", name: trusted({ $in: tags }) },
      { kind: "source", name: trusted({ $in: sources }) },
    ],
  })
    .select({ kind: 1, name: 1 })
    .session(session)
    .lean();
  const there = new Set(known.map(({ kind, name }) => `${kind}:${name}`));
  const fresh = used.filter(([kind, name]) => !there.has(`${kind}:${name}`));
  if (fresh.length === 0) return;
  await Vocabulary.insertMany(
    fresh.map(([kind, name]) => nameRecord(kind, name, now)),
    { session },
  );
}

/** The same for what a change of one lead added. */
export async function noteNewNames(change: Change, before: Named, after: Named): Promise<void> {
  await noteNames(change, [
    {
      tags: after.tags.filter((tag) => !before.tags.includes(tag)),
      source: after.source === before.source ? null : after.source,
    },
  ]);
}

/** A name as the lists store it. */
export function nameRecord(
  kind: VocabularyKind,
  name: string,
  now: Date,
  color: string | null = null,
): VocabularyRecord {
  return {
    _id: new Types.ObjectId(),
    version: 1,
    createdAt: now,
    updatedAt: now,
    kind,
    name,
    plain: plainText(name),
    color,
  };
}
