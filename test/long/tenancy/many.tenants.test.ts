import { createConnection } from "mongoose";
import { clientCodeSchema } from "../../../src/contracts/common.contract";
import { connectionOptions } from "../../../src/lib/db/connection.options";
import { migrateDatabase } from "../../../src/lib/tenant/migrations/migrate.database";
import { central } from "../../setup/central";

const count = 50;

test("50 tenants' databases are set up, and set up again with nothing to do, in a reported time", async () => {
  const root = await createConnection(central.uri, connectionOptions()).asPromise();
  try {
    const codes = Array.from({ length: count }, (_, index) => clientCodeSchema.parse(`tenant${index}`));
    for (const round of ["new", "again"]) {
      const began = Date.now();
      const next = codes[Symbol.iterator]();
      let indexes = 0;
      const worker = async (): Promise<void> => {
        for (const code of next) {
          const database = root.useDb(central.tenantDatabase(code));
          const report = await migrateDatabase(database, code);
          indexes += report.indexes.created.length;
          if (round === "again") expect(report.ran).toEqual([]);
        }
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      expect(indexes).toBe(0); // the first migration creates them all
      console.log(`${count} tenants ${round}: ${Date.now() - began} ms (goal for new ones: 10000 ms)`);
    }
  } finally {
    await root.destroy();
  }
}, 180_000);
