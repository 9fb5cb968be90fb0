/** Decides which statuses follow an accepted message, and sends them. */

import { samePersonKey } from "../state/person.directory";
import type { SimClock, Timers } from "../state/sim.clock";
import type { AcceptedMessage, World } from "../state/world";
import { messagesEntry } from "./envelope";
import { statusValue } from "./status.value";
import type { Delivery, WebhookSender } from "./webhook.sender";

export interface StatusStep {
  status: "sent" | "delivered" | "read" | "played" | "failed" | "deleted" | "warning";
  /** Real time after the acceptance at which the webhook is posted. */
  afterMs: number;
  /** How often the same status is posted. */
  times: number;
  /** Meta's code of a `failed`. */
  code?: number | undefined;
  /** Posted, and its answer awaited, before the send is answered. */
  beforeAnswer?: boolean | undefined;
}

export interface StatusPlan {
  steps: StatusStep[];
  /** Statuses of this span (real time) share one POST; 0: one POST each. */
  batchMs: number;
}

const defaultPlan: StatusPlan = {
  steps: [
    { status: "sent", afterMs: 50, times: 1 },
    { status: "delivered", afterMs: 120, times: 1 },
    { status: "read", afterMs: 200, times: 1 },
  ],
  batchMs: 0,
};

const rank: Readonly<Record<StatusStep["status"], number>> = {
  warning: 0,
  sent: 1,
  failed: 2,
  delivered: 3,
  read: 4,
  played: 5,
  deleted: 6,
};

export interface StatusEmission {
  status: StatusStep["status"];
  /** Unix seconds in the webhook. */
  timestamp: number;
  code?: number | undefined;
  details?: string | undefined;
}

export class StatusCourier {
  private plan = defaultPlan;
  private readonly planPerPerson = new Map<string, StatusPlan>();
  private bag: { message: AcceptedMessage; emission: StatusEmission }[] = [];

  constructor(
    private readonly world: World,
    private readonly clock: SimClock,
    private readonly timers: Timers,
    private readonly webhooks: WebhookSender,
  ) {}

  /** Replaces the plan for one person (phone digits or user id), or for everybody without a plan of their own. */
  setPlan(plan: StatusPlan, person: string | undefined): void {
    if (person === undefined) this.plan = plan;
    else this.planPerPerson.set(samePersonKey(person), plan);
  }

  reset(): void {
    this.plan = defaultPlan;
    this.planPerPerson.clear();
    this.bag = [];
  }

  /** Starts what follows an acceptance. Resolves when the statuses that come before the answer were posted. */
  async follow(
    message: AcceptedMessage,
    failure: { code: number; details: string } | undefined,
    only: "sent-only" | undefined,
  ): Promise<void> {
    const { steps, batchMs } = this.planFor(message);
    const chosen = failure
      ? failedSteps(steps, failure.code)
      : steps.filter((step) => !only || isSentOrFailed(step));
    const times = happeningTimes(chosen, message.acceptedAtMs);
    const early: Promise<unknown>[] = [];
    for (const step of chosen) {
      const emission: StatusEmission = {
        status: step.status,
        timestamp: Math.floor((times.get(step) ?? message.acceptedAtMs) / 1000),
        code: step.status === "failed" ? (step.code ?? failure?.code ?? 131000) : undefined,
        details: failure?.details,
      };
      for (let time = 0; time < step.times; time += 1) {
        if (step.beforeAnswer) early.push(this.emit(message, emission));
        else this.timers.after(step.afterMs, () => this.emitOrBag(message, emission, batchMs));
      }
    }
    await Promise.all(early);
  }

  /** Posts one status now. */
  async emit(message: AcceptedMessage, emission: StatusEmission): Promise<Delivery | undefined> {
    const number = this.world.numbers.get(message.phoneNumberId);
    if (!number) return undefined;
    const sending = this.webhooks.send({
      wabaId: message.wabaId,
      phoneNumberId: message.phoneNumberId,
      entries: [messagesEntry(number, statusValue(this.world, this.clock.now(), [{ message, emission }]))],
    });
    const delivery = await sending;
    this.note(message, emission, delivery.id);
    return delivery;
  }

  private emitOrBag(message: AcceptedMessage, emission: StatusEmission, batchMs: number): void {
    if (batchMs === 0) {
      void this.emit(message, emission);
      return;
    }
    this.bag.push({ message, emission });
    if (this.bag.length === 1) this.timers.after(batchMs, () => this.emptyBag());
  }

  /** One POST per number; Meta puts up to 1000 updates into one. */
  private emptyBag(): void {
    const bag = this.bag;
    this.bag = [];
    for (const number of this.world.numbers.values()) {
      const own = bag.filter(({ message }) => message.phoneNumberId === number.id);
      for (let start = 0; start < own.length; start += 1000) {
        const part = own.slice(start, start + 1000);
        const delivery = this.webhooks.enqueue({
          wabaId: number.wabaId,
          phoneNumberId: number.id,
          entries: [messagesEntry(number, statusValue(this.world, this.clock.now(), part))],
        });
        for (const { message, emission } of part) this.note(message, emission, delivery.id);
      }
    }
  }

  private note(message: AcceptedMessage, emission: StatusEmission, deliveryId: number): void {
    message.statuses.push({
      status: emission.status,
      code: emission.code,
      timestamp: emission.timestamp,
      sentAt: new Date().toISOString(),
      deliveryId,
    });
  }

  private planFor(message: AcceptedMessage): StatusPlan {
    const byPhone =
      message.waId === undefined ? undefined : this.planPerPerson.get(samePersonKey(message.waId));
    const byUser = message.userId === undefined ? undefined : this.planPerPerson.get(message.userId);
    return byPhone ?? byUser ?? this.plan;
  }
}

function isSentOrFailed({ status }: StatusStep): boolean {
  return status === "sent" || status === "failed";
}

/** A message that fails has one status, at the time of the plan's first; an empty plan stays silent. */
function failedSteps(steps: StatusStep[], code: number): StatusStep[] {
  const [first] = steps;
  return first ? [{ ...first, status: "failed", code }] : [];
}

/**
 * When each status happened, which is not when it is posted: the earliest time belongs to the lowest status. So a
 * plan that posts `read` before `sent` still says that it was sent first.
 */
function happeningTimes(steps: StatusStep[], acceptedAtMs: number): Map<StatusStep, number> {
  const times = steps.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
  const inRankOrder = [...steps].sort((a, b) => rank[a.status] - rank[b.status]);
  return new Map(inRankOrder.map((step, index) => [step, acceptedAtMs + (times[index] ?? 0)]));
}
