import { indexesMigration } from "./0001.indexes";
import { leadSearchMigration } from "./0002.lead.search";
import { vocabularyMigration } from "./0003.vocabulary";
import type { Migration } from "./migration";

/** Every migration of a tenant's database, in the order they run. ADD A TENANT MIGRATION HERE, at the end. */
export const tenantMigrations: readonly Migration[] = [
  indexesMigration,
  leadSearchMigration,
  vocabularyMigration,
];
