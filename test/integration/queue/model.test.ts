import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { checkModel } from "./model/check.model";

describe("the queue beside a model of it", () => {
  beforeAll(async () => {
    await migrateCentral();
  });
  afterAll(closeAllConnections);

  test("is what the model says after each of many random things, in 120 short runs", async () => {
    expect(await checkModel({ firstSeed: 1, runs: 120, steps: 24 })).toBeGreaterThan(480);
  });
});
