/** One replay: read, plan, deliver, drain, look. */
import { readStack, type Stack } from "../stack/stack.file";
import { ReplayError, type ReplayOptions } from "./command.options";
import { findFates } from "./fates";
import { type Delivery, planDeliveries } from "./plan.deliveries";
import { type Payload, readPayloads } from "./read.payloads";
import { readdress } from "./readdress";
import { isBad, type PayloadReport, payloadLines, summaryLines } from "./report";
import { callsTo, type StackCalls } from "./stack.calls";

/** @returns the exit code. @throws ReplayError, NoStackError */
export async function runReplay(options: ReplayOptions, say: (line: string) => void): Promise<number> {
  const stack = await readStack(options.stack);
  const read = await readPayloads(options.paths);
  const payloads = options.as === undefined ? read : readdressed(read, stack, options.as);
  const calls = callsTo(stack);
  const deadBefore = await calls.deadJobs();

  const plan = planDeliveries(payloads, options);
  const seed = options.shuffle || options.batch > 1 ? `, seed ${options.seed}` : "";
  say(`${payloads.length} payloads in ${plan.length} deliveries to ${stack.apiUrl}${seed}`);
  const began = performance.now();
  const answers = await deliverAll(calls, plan, options["at-once"]);
  const deliveredMs = performance.now() - began;
  await calls.drain();

  const found = await findFates(calls, stack.tenants, payloads);
  const reports = payloads.map(
    (payload): PayloadReport => ({
      name: payload.name,
      answers: answers.get(payload) ?? [],
      items: found.of(payload),
    }),
  );
  const died = [...(await calls.deadJobs())].filter(([id]) => !deadBefore.has(id));
  if (!options.quiet) for (const line of ["", ...payloadLines(reports)]) say(line);
  for (const line of ["", "payloads  fate", ...summaryLines(reports)]) say(line);
  say("");
  const counts = [...statusCounts(answers)].map(([status, count]) => `${count} x ${status || "no answer"}`);
  say(`Answers: ${counts.join(", ")}; all delivered within ${(deliveredMs / 1000).toFixed(1)} s.`);
  say(`Dead jobs: ${died.length}${died.map(([id, type]) => ` ${type} ${id}`).join(",")}.`);
  return reports.some(isBad) || died.length > 0 ? 1 : 0;
}

function readdressed(payloads: readonly Payload[], stack: Stack, clientCode: string): Payload[] {
  const tenant = stack.tenants.find((each) => each.clientCode === clientCode);
  if (!tenant) {
    const codes = stack.tenants.map((each) => each.clientCode).join(", ");
    throw new ReplayError(`The stack has no tenant ${clientCode}. It has: ${codes}.`);
  }
  return payloads.map((payload) => readdress(payload, tenant));
}

/** In the plan's order, several under way at once. */
async function deliverAll(
  calls: StackCalls,
  plan: readonly Delivery[],
  atOnce: number,
): Promise<Map<Payload, number[]>> {
  const answers = new Map<Payload, number[]>();
  const rest = plan.values();
  const lane = async () => {
    for (const { bytes, payloads } of rest) {
      const status = await calls.deliver(bytes);
      for (const payload of payloads) answers.set(payload, [...(answers.get(payload) ?? []), status]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, plan.length) }, lane));
  return answers;
}

function statusCounts(answers: ReadonlyMap<Payload, readonly number[]>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const status of [...answers.values()].flat()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
