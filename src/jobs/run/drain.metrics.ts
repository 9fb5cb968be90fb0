/**
 * A drain's figures for CloudWatch: a line of JSON on stdout that the log group turns into metrics, with no call of its
 * own. The same numbers as the minutes in `services.jobMinutes`, once per write of them, one line a queue. Tenants are
 * no dimension: each would be metrics of its own, to be paid for; the minutes have them.
 * Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { env } from "../../lib/env/env";
import {
  addFigures,
  countNames,
  type Figures,
  lagPercentile,
  type MinuteFigures,
  noFigures,
} from "../queue/job.minutes";

const namespace = "ecod";
const nameOf = {
  done: "JobsDone",
  failed: "AttemptsFailed",
  dead: "JobsDead",
  retried: "JobsRetried",
  crashed: "AttemptsCrashed",
} as const satisfies Record<(typeof countNames)[number], string>;
const percentiles = [
  ["PickUpLagP50", 0.5],
  ["PickUpLagP95", 0.95],
  ["PickUpLagP99", 0.99],
] as const;

/** Whether this process writes them: on Lambda, unless EMF_METRICS says otherwise. */
function wanted(): boolean {
  const { EMF_METRICS, AWS_LAMBDA_FUNCTION_NAME, IS_OFFLINE } = env();
  if (EMF_METRICS === "auto") return AWS_LAMBDA_FUNCTION_NAME !== "" && !IS_OFFLINE;
  return EMF_METRICS === "on";
}

/** Writes a line for each queue that had something done. */
export async function emitDrainMetrics(minutes: readonly MinuteFigures[]): Promise<void> {
  if (minutes.length === 0 || !wanted()) return;
  const { Metrics, MetricUnit } = await import("@aws-lambda-powertools/metrics");
  const queues = new Map<string, Figures>();
  for (const row of minutes) {
    const sum = queues.get(row.queue) ?? noFigures();
    addFigures(sum, row);
    queues.set(row.queue, sum);
  }
  for (const [queue, sum] of queues) {
    const defaultDimensions = { stage: env().ECOD_STAGE, queue };
    const metrics = new Metrics({ namespace, serviceName: "ecod", defaultDimensions });
    for (const name of countNames) metrics.addMetric(nameOf[name], MetricUnit.Count, sum[name]);
    for (const [name, share] of percentiles) {
      const ms = lagPercentile(sum.lag, share);
      if (ms !== null) metrics.addMetric(name, MetricUnit.Milliseconds, ms);
    }
    metrics.publishStoredMetrics();
  }
}
