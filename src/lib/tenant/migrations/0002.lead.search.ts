import { reindexLeads } from "../../search/reindex.leads";
import type { Migration } from "./migration";

/**
 * Leads written before they could be searched get their words, compared texts and keys of likeness. A killed run goes
 * on with the leads that have none yet.
 */
export const leadSearchMigration: Migration = {
  id: "0002-lead-search",
  steps: [
    {
      name: "write search data of leads that have none",
      async run(connection) {
        // A lead that the older version changed meanwhile was left alone: it is looked at again.
        while ((await reindexLeads(connection, { onlyMissing: true })).missed > 0);
      },
    },
  ],
};
