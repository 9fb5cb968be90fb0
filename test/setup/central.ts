import * as z from "zod";
import { toolingEnvironment } from "../../src/lib/env/env";
import { DATABASE_GLOBAL } from "./test.database";

const database = z.string().parse(Reflect.get(globalThis, DATABASE_GLOBAL));

/** What this test file works on. The environment of the code under test says the same. */
export const central = {
  /** The run's replica set. */
  uri: toolingEnvironment().MONGODB_URI,
  /** The central database of this file (ECOD_CENTRAL_DB); everything whose name begins with it is dropped at its end. */
  database,
  /** ECOD_MASTER_KEY: 32 known bytes. */
  masterKey: `test:${Buffer.alloc(32, 7).toString("base64")}`,
  /** Name of a tenant's database, so that it is dropped with the file's. */
  tenantDatabase(clientCode: string): string {
    return `${database}_t_${clientCode}`;
  },
};
