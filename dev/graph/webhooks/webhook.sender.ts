/** Sends webhooks: signed, several at once, again when refused, every outcome kept. */
import type { GraphLogEntry } from "../graph.options";
import type { Timers } from "../state/sim.clock";
import type { World } from "../state/world";
import { envelope, type WebhookEntry } from "./envelope";
import { type Attempt, postWebhook } from "./post.webhook";
import { webhookHeaders, webhookJson } from "./webhook.json";

export interface Outgoing {
  wabaId: string;
  /** Of the number the body is about; undefined for account and template fields. */
  phoneNumberId: string | undefined;
  entries: WebhookEntry[];
}

export interface Delivery {
  id: number;
  url: string | undefined;
  fields: string[];
  outcome: "sending" | "delivered" | "retrying" | "gave-up" | "cancelled" | "not-sent";
  reason: string | undefined;
  attempts: Attempt[];
}

/** Meta tries for seven days; here the tries end after some seconds, so that a test does too. */
export const defaultRetryMs = [200, 500, 1000, 2000, 4000, 8000];
const atOnce = 32;
const keptDeliveries = 5000;

export class WebhookSender {
  private readonly deliveries = new Map<number, Delivery>();
  private readonly bodies = new Map<number, { bytes: Buffer; secret: string }>();
  private readonly running = new Set<Promise<void>>();
  private readonly stopped = new AbortController();
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private nextId = 1;

  constructor(
    private readonly world: World,
    private readonly timers: Timers,
    private readonly retryMs: readonly number[],
    private readonly log: (entry: GraphLogEntry) => void,
  ) {}

  /** Starts the delivery and forgets it; the outcome is in `list()`. */
  enqueue(outgoing: Outgoing): Delivery {
    return this.start(outgoing).delivery;
  }

  /** Resolves with the first attempt's outcome; further tries go on behind it. */
  async send(outgoing: Outgoing): Promise<Delivery> {
    const { delivery, firstTry } = this.start(outgoing);
    await firstTry;
    return delivery;
  }

  list(): Delivery[] {
    return [...this.deliveries.values()];
  }

  /** Tries what was given up or cancelled once more, as Meta's long retry would. */
  async retryUndelivered(): Promise<Delivery[]> {
    const again = this.list().filter(({ outcome }) => outcome === "gave-up" || outcome === "cancelled");
    await Promise.all(
      again.map(async (delivery) => {
        const body = this.bodies.get(delivery.id);
        if (!body) return;
        await this.try(delivery, body.bytes, body.secret);
        if (delivery.outcome === "retrying") delivery.outcome = "gave-up";
      }),
    );
    return again;
  }

  clear(): void {
    this.deliveries.clear();
    this.bodies.clear();
  }

  /** Cuts what is in flight. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await Promise.all(this.running);
  }

  /** Where a body about this number or WABA goes: the number's callback, else the WABA's, else the app's. */
  target(wabaId: string, phoneNumberId: string | undefined): { url: string; secret: string } | string {
    const waba = this.world.wabas.get(wabaId);
    const number =
      phoneNumberId === undefined ? this.world.numbersOf(wabaId)[0] : this.world.numbers.get(phoneNumberId);
    if (!waba || !number) return "unknown number or WABA";
    if (!waba.subscribed) return "the WABA has no subscribed app";
    const own = phoneNumberId === undefined ? undefined : number.callback;
    const url = (own ?? waba.callback)?.url ?? number.app.webhookUrl ?? this.world.app.webhookUrl;
    return url === undefined ? "no webhook address is set" : { url, secret: number.app.secret };
  }

  private start({ wabaId, phoneNumberId, entries }: Outgoing): {
    delivery: Delivery;
    firstTry: Promise<void>;
  } {
    const target = this.target(wabaId, phoneNumberId);
    const delivery: Delivery = {
      id: this.nextId++,
      url: typeof target === "string" ? undefined : target.url,
      fields: [...new Set(entries.flatMap(({ changes }) => changes.map(({ field }) => field)))],
      outcome: typeof target === "string" ? "not-sent" : "sending",
      reason: typeof target === "string" ? target : undefined,
      attempts: [],
    };
    this.keep(delivery);
    if (typeof target === "string" || this.stopped.signal.aborted) {
      return { delivery, firstTry: Promise.resolve() };
    }
    const bytes = Buffer.from(webhookJson(envelope(entries)));
    this.bodies.set(delivery.id, { bytes, secret: target.secret });
    const firstTry = this.track(this.try(delivery, bytes, target.secret));
    void this.track(firstTry.then(() => this.retry(delivery, bytes, target.secret)));
    return { delivery, firstTry };
  }

  private async retry(delivery: Delivery, bytes: Buffer, secret: string): Promise<void> {
    for (const waitMs of this.retryMs) {
      if (delivery.outcome === "delivered") return;
      delivery.outcome = "retrying";
      if (this.stopped.signal.aborted || !(await this.timers.pause(waitMs))) {
        delivery.outcome = "cancelled";
        return;
      }
      await this.try(delivery, bytes, secret);
    }
    if (delivery.outcome === "delivered") return;
    delivery.outcome = "gave-up";
    this.log({ event: "webhook-given-up", delivery: delivery.id, attempts: delivery.attempts.length });
  }

  private async try(delivery: Delivery, bytes: Buffer, secret: string): Promise<void> {
    if (delivery.url === undefined) return;
    await this.slot();
    try {
      const attempt = await postWebhook(
        delivery.url,
        bytes,
        webhookHeaders(secret, bytes),
        this.stopped.signal,
      );
      delivery.attempts.push(attempt);
      delivery.outcome = attempt.status === 200 ? "delivered" : "retrying";
      if (delivery.outcome === "delivered") this.bodies.delete(delivery.id);
    } finally {
      this.inFlight -= 1;
      this.waiting.shift()?.();
    }
  }

  private async slot(): Promise<void> {
    while (this.inFlight >= atOnce) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
    this.inFlight += 1;
  }

  private keep(delivery: Delivery): void {
    this.deliveries.set(delivery.id, delivery);
    const oldest = this.deliveries.keys().next().value;
    if (this.deliveries.size > keptDeliveries && oldest !== undefined) {
      this.deliveries.delete(oldest);
      this.bodies.delete(oldest);
    }
  }

  private track(work: Promise<void>): Promise<void> {
    this.running.add(work);
    const done = () => {
      this.running.delete(work);
    };
    work.then(done, done);
    return work;
  }
}
