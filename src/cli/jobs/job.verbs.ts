import {
  type JobActs,
  type JobDetail,
  type JobView,
  jobFilterSchema,
  jobParam,
  listJobsQuery,
} from "../../contracts/job.contract";
import {
  discardJob,
  discardJobs,
  getJob,
  listJobs,
  retryJob,
  retryJobs,
} from "../../services/clients/job.admin.service";
import { UsageError, type Verb, type VerbAnswer, type VerbCall, type VerbOption } from "../command/verb";

const filters: Readonly<Record<string, VerbOption>> = {
  client: { type: "string", value: "CODE", about: "Only this client's." },
  queue: { type: "string", value: "NAME", about: "Only of this queue." },
  type: { type: "string", value: "TYPE", about: "Only jobs of this type." },
  limit: { type: "string", value: "N", about: "At most so many." },
};

/** The filter options that were given, by the names of the contract. */
const filterOf = ({ text }: VerbCall) => ({
  clientCode: text("client"),
  queue: text("queue"),
  type: text("type"),
});

export const jobVerbs: readonly Verb[] = [
  {
    name: "list",
    words: [],
    about: "List jobs, newest first.",
    options: {
      ...filters,
      state: {
        type: "string",
        value: "STATE",
        about: "scheduled, waiting, running, dead; of one client also done, cancelled.",
      },
      cursor: { type: "string", value: "TEXT", about: "Where the list before ended." },
    },
    async run(call) {
      const { text } = call;
      const page = await listJobs(
        listJobsQuery.parse({
          ...filterOf(call),
          state: text("state"),
          limit: text("limit"),
          cursor: text("cursor"),
        }),
      );
      const more = page.nextCursor === null ? [] : [`More: --cursor ${page.nextCursor}`];
      const lines =
        page.data.length === 0 ? ["There are no such jobs."] : [...page.data.map(lineOf), ...more];
      return { value: page, lines };
    },
  },
  {
    name: "show",
    words: ["ID"],
    about: "Show one job with its history and errors.",
    options: {},
    async run({ words: [id = ""] }) {
      const job = await getJob(idOf(id));
      return { value: job, lines: describe(job) };
    },
  },
  {
    name: "retry",
    words: ["[ID]"],
    about: "Give a dead job all its attempts again, or every dead one of a filter.",
    options: {
      ...filters,
      dead: { type: "boolean", about: "Instead of an ID: every dead job of the filter." },
    },
    run: (call) => act(call, "retried", retryJob, retryJobs),
  },
  {
    name: "discard",
    words: ["[ID]"],
    about: "Cancel a job that is dead or has not started, or every dead one of a filter.",
    options: {
      ...filters,
      dead: { type: "boolean", about: "Instead of an ID: every dead job of the filter." },
    },
    run: (call) => act(call, "discarded", discardJob, discardJobs),
  },
];

async function act(
  call: VerbCall,
  done: string,
  one: typeof retryJob,
  many: typeof retryJobs,
): Promise<VerbAnswer> {
  const [id] = call.words;
  if ((id === undefined) !== call.flag("dead"))
    throw new UsageError("Give the job's id, or --dead for every dead job of the filter; not both.");
  if (id !== undefined) {
    const job = await one(call.ctx, idOf(id));
    return { value: job, lines: [`Job ${job.id} is ${done}: it is ${job.state} now.`] };
  }
  const limit = call.text("limit");
  const acts: JobActs = await many(
    call.ctx,
    jobFilterSchema.parse({ ...filterOf(call), limit: limit === undefined ? undefined : Number(limit) }),
  );
  const skipped = acts.skipped === 0 ? "" : ` ${acts.skipped} were left as they are.`;
  const more = acts.more ? " There may be more; run it again." : "";
  return { value: acts, lines: [`${acts.acted} jobs are ${done}.${skipped}${more}`] };
}

const idOf = (word: string): string => jobParam.parse({ id: word }).id;

function lineOf({
  id,
  state,
  queue,
  type,
  clientCode,
  attempts,
  maxAttempts,
  runAt,
  lastError,
}: JobView): string {
  const error = lastError === null ? "" : `  ${lastError.code}`;
  return `${id}  ${state.padEnd(10)}${queue.padEnd(7)}${type.padEnd(20)}${clientCode.padEnd(20)}${attempts}/${maxAttempts}  ${runAt}${error}`;
}

function describe(job: JobDetail): string[] {
  return [
    `${job.id}  ${job.type} of ${job.clientCode}, queue ${job.queue}`,
    `state       ${job.state}${job.blockedBy === null ? "" : `, behind its ${job.blockedBy}`}`,
    `attempts    ${job.attempts} of ${job.maxAttempts}, ${job.crashes} crashes`,
    `due         ${job.runAt}`,
    `payload     ${JSON.stringify(job.payload)}`,
    ...(job.orderingKey === null ? [] : [`in line by  ${job.orderingKey}`]),
    ...(job.workerId === null ? [] : [`held by     ${job.workerId} until ${job.leaseUntil}`]),
    ...(job.progress === null ? [] : [`progress    ${Math.round(job.progress * 100)} %`]),
    ...(job.result === null ? [] : [`result      ${JSON.stringify(job.result)}`]),
    `request     ${job.requestId}`,
    ...job.history.map(({ at, what }) => `  ${at}  ${what}`),
    ...job.errors.map(({ at, code, detail }) => `error       ${at}  ${code}: ${detail}`),
  ];
}
