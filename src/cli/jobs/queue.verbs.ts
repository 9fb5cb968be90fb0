import type { QueueCounts, QueueHealth, QueueWindow } from "../../contracts/job.contract";
import { queueHealth } from "../../services/clients/queue.health.service";
import { pauseJobs, resumeJobs, type Steerable } from "../../services/clients/queue.steering.service";
import { UsageError, type Verb } from "../command/verb";

const kinds = { queue: "queue", type: "type", client: "clientCode" } as const;

export const queueVerbs: readonly Verb[] = [
  {
    name: "stats",
    words: [],
    about: "Show how many jobs are in which state, throughput, failures and lag.",
    options: {},
    async run() {
      const health = await queueHealth();
      return { value: health, lines: describe(health) };
    },
  },
  {
    name: "pause",
    words: ["WHAT"],
    about: "Let jobs wait: queue:NAME, type:TYPE or client:CODE. What runs finishes.",
    options: {},
    async run({ ctx, words: [what = ""] }) {
      const steered = await pauseJobs(ctx, steerable(what));
      return { value: steered, lines: [`${what} is paused; every worker knows within a second.`] };
    },
  },
  {
    name: "resume",
    words: ["WHAT"],
    about: "Take a pause back.",
    options: {},
    async run({ ctx, words: [what = ""] }) {
      const steered = await resumeJobs(ctx, steerable(what));
      return { value: steered, lines: [`${what} goes on; every worker knows within a second.`] };
    },
  },
];

function steerable(what: string): Steerable {
  const [kind = "", name = "", ...rest] = what.split(":");
  if ((kind !== "queue" && kind !== "type" && kind !== "client") || name === "" || rest.length > 0)
    throw new UsageError("Say what: queue:NAME, type:TYPE or client:CODE.");
  return { [kinds[kind]]: name };
}

function describe({ queues, tenants, pausedTypes }: QueueHealth): string[] {
  const row = (
    name: string,
    counts: QueueCounts & { last5Minutes: QueueWindow; lastHour: QueueWindow },
  ): string => {
    const { waiting, scheduled, running, dead, last5Minutes, lastHour, paused } = counts;
    const cells = [waiting, scheduled, running, dead].map(({ count, capped }) =>
      `${count}${capped ? "+" : ""}`.padStart(10),
    );
    const rates = [
      last5Minutes.perMinute,
      lastHour.perMinute,
      percent(last5Minutes.failureRate),
      last5Minutes.lagMs.p99 ?? "-",
    ].map((value) => String(value).padStart(10));
    return `${name.padEnd(28)}${[...cells, ...rates].join("")}${paused ? "  paused" : ""}`;
  };
  const titles = ["waiting", "scheduled", "running", "dead", "/min 5m", "/min 1h", "failed", "lag p99"];
  return [
    `${"".padEnd(28)}${titles.map((title) => title.padStart(10)).join("")}`,
    ...queues.map((queue) => row(`queue ${queue.queue}`, queue)),
    ...tenants.map((tenant) => row(`  ${tenant.clientCode} ${tenant.queue}`, tenant)),
    ...queues.flatMap(({ queue, oldestWaitingAt }) =>
      oldestWaitingAt === null ? [] : [`The oldest waiting job of ${queue} is due since ${oldestWaitingAt}.`],
    ),
    ...(pausedTypes.length === 0 ? [] : [`Paused types: ${pausedTypes.join(", ")}.`]),
  ];
}

const percent = (rate: number | null): string => (rate === null ? "-" : `${Math.round(rate * 1_000) / 10} %`);
