import { crmSchemas } from "../../../model/saas";
import { syncIndexes } from "../../db/sync.indexes";
import type { Migration } from "./migration";

/** The collections and indexes that a new tenant starts with: all that the schemas declare. */
export const indexesMigration: Migration = {
  id: "0001-indexes",
  steps: [
    {
      name: "create every declared index",
      async run(connection) {
        await syncIndexes(connection, crmSchemas, { contract: false });
      },
    },
  ],
};
