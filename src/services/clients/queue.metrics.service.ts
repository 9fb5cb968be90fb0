/** The queue's state as Prometheus reads it: the text format, version 0.0.4. */
import type { QueueHealth } from "../../contracts/job.contract";
import { countNames } from "../../jobs/queue/job.minutes";
import { queueHealth } from "./queue.health.service";

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [Labels, number | null])[];
}

const states = ["waiting", "scheduled", "running", "dead"] as const;
const windows = [
  ["5m", "last5Minutes"],
  ["1h", "lastHour"],
] as const;

/** Everything as gauges, for queues and, with the label `client`, for tenants. */
export async function queueMetrics(): Promise<string> {
  return metricsOf(await queueHealth())
    .map(textOf)
    .join("");
}

function metricsOf(health: QueueHealth): Metric[] {
  const at = new Date(health.at).getTime();
  const ageOf = (oldest: string | null): number =>
    oldest === null ? 0 : Math.max(0, at - new Date(oldest).getTime()) / 1_000;
  const tenants = health.tenants.map(
    (tenant) => [{ queue: tenant.queue, client: tenant.clientCode }, tenant] as const,
  );
  const queues = health.queues.map((queue) => [{ queue: queue.queue }, queue] as const);
  return [
    {
      name: "ecod_queue_jobs",
      help: "Jobs by state; 10000 stands for more than that.",
      samples: queues.flatMap(([labels, row]) =>
        states.map((state) => [{ ...labels, state }, row[state].count] as const),
      ),
    },
    {
      name: "ecod_queue_client_jobs",
      help: "Jobs of a client by state; 10000 stands for more than that.",
      samples: tenants.flatMap(([labels, row]) =>
        states.map((state) => [{ ...labels, state }, row[state].count] as const),
      ),
    },
    {
      name: "ecod_queue_oldest_waiting_seconds",
      help: "How long the oldest waiting job has been due.",
      samples: queues.map(([labels, row]) => [labels, ageOf(row.oldestWaitingAt)] as const),
    },
    {
      name: "ecod_queue_paused",
      help: "1 while the queue is paused.",
      samples: queues.map(([labels, row]) => [labels, row.paused ? 1 : 0] as const),
    },
    {
      name: "ecod_queue_attempts",
      help: "Attempts by outcome in the last five minutes and the last hour.",
      samples: queues.flatMap(([labels, row]) =>
        windows.flatMap(([window, name]) =>
          countNames.map((outcome) => [{ ...labels, window, outcome }, row[name][outcome]] as const),
        ),
      ),
    },
    {
      name: "ecod_queue_pickup_lag_seconds",
      help: "From being due to being started, as the upper bound of a quantile.",
      samples: queues.flatMap(([labels, row]) =>
        windows.flatMap(([window, name]) =>
          (
            [
              ["0.5", "p50"],
              ["0.95", "p95"],
              ["0.99", "p99"],
            ] as const
          ).map(([quantile, key]) => {
            const ms = row[name].lagMs[key];
            return [{ ...labels, window, quantile }, ms === null ? null : ms / 1_000] as const;
          }),
        ),
      ),
    },
  ];
}

function textOf({ name, help, samples }: Metric): string {
  const lines = samples.flatMap(([labels, value]) => {
    if (value === null) return [];
    const told = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return [`${name}{${told.join(",")}} ${value}\n`];
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}
