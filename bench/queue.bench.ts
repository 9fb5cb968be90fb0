/**
 * The queue beside what it cannot be faster than: a bare loop of one findOneAndUpdate that claims and one update that
 * completes, on the same server in the same run.
 */
import type { AreaOptions } from "./area";
import type { Report } from "./figure";
import { registerLightTenants } from "./light.tenants";
import { backlog } from "./queue/backlog";
import { side, tenantCodes } from "./queue/bench.jobs";
import { drainAgainstLoop, drainRate, drainTable, roundTrips } from "./queue/drain.rate";
import { fairness, pickUp } from "./queue/start.delay";

export async function run({ full }: AreaOptions): Promise<Report> {
  await registerLightTenants(tenantCodes);
  await drainRate(400, tenantCodes.length, side);
  const figures = [
    ...(await drainAgainstLoop()),
    ...(await roundTrips()),
    ...(await fairness()),
    ...(await pickUp()),
    ...(await drainTable()),
    ...(await backlog(full ? 100_000 : 20_000)),
  ];
  return {
    figures,
    notes: [
      "Jobs do nothing, but for their tenant's context; each is claimed, run and marked done.",
      "Rates are the best of several rounds, taken in turn with the bare loop's.",
    ],
  };
}
