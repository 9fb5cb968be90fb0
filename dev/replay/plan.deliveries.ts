/** Which payloads go out when, and which of them together. Pure: the same seed gives the same plan. */
import * as z from "zod";
import type { Payload } from "./read.payloads";

export interface Delivery {
  readonly bytes: Buffer;
  readonly payloads: readonly Payload[];
}

interface Plan {
  readonly shuffle: boolean;
  readonly repeat: number;
  readonly seed: number;
  readonly batch: number;
}

export function planDeliveries(payloads: readonly Payload[], plan: Plan): Delivery[] {
  const repeated = Array.from({ length: plan.repeat }, () => payloads).flat();
  const random = randomFrom(plan.seed);
  const ordered = plan.shuffle ? shuffled(repeated, random) : repeated;
  return plan.batch === 1 ? ordered.map(alone) : batched(ordered, plan.batch, random);
}

const alone = (payload: Payload): Delivery => ({ bytes: payload.bytes, payloads: [payload] });

const bodySchema = z.looseObject({ entry: z.array(z.unknown()) });

/** One to `most` payloads at a time; what has no entries cannot be put together with others. */
function batched(payloads: readonly Payload[], most: number, random: () => number): Delivery[] {
  const deliveries: Delivery[] = [];
  for (let from = 0; from < payloads.length; ) {
    const part = payloads.slice(from, from + 1 + Math.floor(random() * most));
    from += part.length;
    const bodies = part.map(({ bytes }) => bodySchema.safeParse(jsonOrUndefined(bytes)).data);
    const whole = part.filter((_, index) => bodies[index] !== undefined);
    const entry = bodies.flatMap((body) => body?.entry ?? []);
    if (whole.length > 0) {
      const bytes = Buffer.from(JSON.stringify({ object: "whatsapp_business_account", entry }));
      deliveries.push({ bytes, payloads: whole });
    }
    deliveries.push(...part.filter((_, index) => bodies[index] === undefined).map(alone));
  }
  return deliveries;
}

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined; // goes out alone, as it is
  }
}

/** Fisher and Yates. */
function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const rest = [...list];
  const result: T[] = [];
  while (rest.length > 0) result.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return result;
}

/** Numbers from 0 to 1 that look random, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
