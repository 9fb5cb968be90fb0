/** Pausing and resuming parts of the queue, as admins decide. */
import type { Steered } from "../../contracts/job.contract";
import { isJobName, jobDefinition, queueNames } from "../../jobs/queue/job.catalog";
import { announce } from "../../jobs/queue/nudge";
import { pause, readSteering, resume, type SteeringTarget } from "../../jobs/queue/steering";
import { tenantsWithWork } from "../../jobs/queue/tenants.with.work";
import type { PlatformContext } from "../../lib/context/tenant.context";
import { AppError } from "../../lib/errors/app.error";
import { auditPlatformAct } from "./platform.audit.service";
import { admitToClient } from "./platform.gate";

/** What an admin wants steered: a whole queue, one of its types, or a tenant. */
export interface Steerable {
  readonly queue?: string | undefined;
  readonly type?: string | undefined;
  readonly clientCode?: string | undefined;
}

/**
 * Lets jobs wait, everywhere within a second; what runs finishes, and nothing is lost. Repeating it changes nothing.
 * @throws AppError not-found for a queue or client there is not, invalid-reference for a type the queue has not.
 */
export async function pauseJobs(ctx: PlatformContext, what: Steerable): Promise<Steered> {
  return steer(ctx, what, "pause");
}

/** Takes a pause back. @throws AppError not-found, invalid-reference */
export async function resumeJobs(ctx: PlatformContext, what: Steerable): Promise<Steered> {
  return steer(ctx, what, "resume");
}

async function steer(ctx: PlatformContext, what: Steerable, act: "pause" | "resume"): Promise<Steered> {
  const target = targetOf(what);
  const record = { action: `queue.${act}`, detail: { target } };
  if (what.clientCode === undefined) await auditPlatformAct(ctx, { ...record, clientCode: null });
  else await admitToClient(ctx, what.clientCode, record);
  await (act === "pause" ? pause : resume)(target, ctx.actor.id);
  if (act === "resume") await announceWaiting(what.clientCode);
  return { target, paused: (await readSteering()).isPaused(target) };
}

/** What waited is work that has just come: without this it would be found by the schedule, up to a minute later. */
async function announceWaiting(only: string | undefined): Promise<void> {
  const waiting = queueNames.map(async (queue) => {
    const clientCodes = await tenantsWithWork(queue);
    return clientCodes
      .filter((clientCode) => only === undefined || clientCode === only)
      .map((clientCode) => ({ queue, clientCode }));
  });
  await announce((await Promise.all(waiting)).flat());
}

function targetOf({ queue, type, clientCode }: Steerable): SteeringTarget {
  const name = queueNames.find((known) => known === queue);
  if (queue !== undefined && name === undefined)
    throw new AppError("not-found", `There is no such queue; there are ${queueNames.join(" and ")}.`);
  if (clientCode !== undefined) return `tenant:${clientCode}`;
  if (type !== undefined) {
    if (!isJobName(type) || (name !== undefined && jobDefinition(type).queue !== name))
      throw new AppError("invalid-reference", "This queue has no jobs of this type.");
    return `type:${type}`;
  }
  if (name === undefined) throw new AppError("not-found", "Name a queue, a type or a client.");
  return `queue:${name}`;
}
