import { migrateCentral } from "../../../src/lib/db/central.migrations";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { checkModel } from "../../integration/queue/model/check.model";

describe("the queue beside a model of it, for long", () => {
  beforeAll(async () => {
    await migrateCentral();
  });
  afterAll(closeAllConnections);

  test("is what the model says in thousands of runs, from a seed that is new each time", async () => {
    const firstSeed = (Date.now() % 1_000_000) * 1_000;
    expect(await checkModel({ firstSeed, runs: 2_000, steps: 40, lanes: 50 })).toBeGreaterThan(10_000);
  }, 1_200_000);

  test("is what the model says in long runs, from a seed that is new each time", async () => {
    const firstSeed = (Date.now() % 1_000_000) * 1_000 + 500_000_000;
    expect(await checkModel({ firstSeed, runs: 50, steps: 600, lanes: 25 })).toBeGreaterThan(5_000);
  }, 1_200_000);
});
