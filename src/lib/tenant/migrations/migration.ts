import { createHash } from "node:crypto";
import type { Connection } from "mongoose";

/** One step: idempotent, since a crash may come between what it does and the record of it. */
export interface MigrationStep {
  readonly name: string;
  run(connection: Connection): Promise<void>;
}

/**
 * A numbered change of every tenant's database, run once per tenant and in order. It must leave the data usable for
 * the version before it (expand); what only the new version can live with goes into a later migration (contract).
 * Once released it is never edited: write another one.
 */
export interface Migration {
  /** Number and words, e.g. `0002-lead-rank`. */
  readonly id: string;
  readonly steps: readonly MigrationStep[];
}

/** What is recorded with a migration that ran, so that an edited one is noticed: its id and its steps' names. */
export function migrationChecksum(migration: Migration): string {
  return createHash("sha256")
    .update(JSON.stringify([migration.id, migration.steps.map(({ name }) => name)]))
    .digest("hex");
}
