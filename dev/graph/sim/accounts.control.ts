/** `POST /_sim/numbers` and `POST /_sim/events`: what Meta decides about numbers and accounts, and says in webhooks. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import type { PhoneNumber } from "../state/world";
import { accountChange } from "../webhooks/envelope";
import { parseControl, SimError } from "./sim.error";

const tiers = ["TIER_250", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED"] as const;

const numberSchema = z.strictObject({
  phoneNumberId: z.string(),
  quality: z.enum(["GREEN", "YELLOW", "RED", "UNKNOWN"]).optional(),
  throughput: z.enum(["STANDARD", "HIGH"]).optional().describe("HIGH sends THROUGHPUT_UPGRADE"),
  messagingLimit: z.enum(tiers).optional().describe("Sends business_capability_update"),
  verifiedName: z.string().min(1).optional().describe("Sends phone_number_name_update, approved"),
  registered: z.boolean().optional().describe("false: sends answer 133010"),
  silent: z.boolean().default(false).describe("Change it without webhooks"),
});

/** Changes what a number says of itself. */
export async function changeNumber(graph: Graph, body: unknown): Promise<unknown> {
  const { phoneNumberId, silent, ...changes } = parseControl(numberSchema, body);
  const number = numberOf(graph, phoneNumberId);
  number.quality = changes.quality ?? number.quality;
  number.throughput = changes.throughput ?? number.throughput;
  number.messagingLimit = changes.messagingLimit ?? number.messagingLimit;
  number.verifiedName = changes.verifiedName ?? number.verifiedName;
  number.registered = changes.registered ?? number.registered;
  const told = silent ? [] : newsOf(number, changes);
  const deliveries = await Promise.all(
    told.map(({ field, value }) => send(graph, number.wabaId, field, value)),
  );
  const { quality, throughput, messagingLimit, verifiedName, registered } = number;
  return { phoneNumberId, quality, throughput, messagingLimit, verifiedName, registered, deliveries };
}

type Changes = Omit<z.infer<typeof numberSchema>, "phoneNumberId" | "silent">;

function newsOf(number: PhoneNumber, changes: Changes): { field: string; value: Record<string, unknown> }[] {
  const display_phone_number = number.display;
  const qualityEvents = { GREEN: "UNFLAGGED", YELLOW: "DOWNGRADE", RED: "FLAGGED", UNKNOWN: "ONBOARDING" };
  const limit = { max_daily_conversations_per_business: number.messagingLimit };
  const events = [
    ...(changes.quality ? [qualityEvents[changes.quality]] : []),
    ...(changes.throughput === "HIGH" ? ["THROUGHPUT_UPGRADE"] : []),
  ];
  return [
    ...events.map((event) => ({
      field: "phone_number_quality_update",
      value: { display_phone_number, event, ...limit },
    })),
    ...(changes.messagingLimit
      ? [{ field: "business_capability_update", value: { ...limit, max_phone_numbers_per_business: 25 } }]
      : []),
    ...(changes.verifiedName
      ? [
          {
            field: "phone_number_name_update",
            value: {
              display_phone_number,
              decision: "APPROVED",
              requested_verified_name: number.verifiedName,
              rejection_reason: "NONE",
            },
          },
        ]
      : []),
  ];
}

const eventSchema = z.strictObject({
  wabaId: z.string(),
  phoneNumberId: z.string().optional().describe("Puts metadata into the value, as calls and groups have"),
  field: z.string().min(1),
  value: z.record(z.string(), z.unknown()),
});

/** Sends any change of an account: account_update, account_alerts, user_id_update, smb_message_echoes, calls, ... */
export async function sendEvent(graph: Graph, body: unknown): Promise<unknown> {
  const { wabaId, phoneNumberId, field, value } = parseControl(eventSchema, body);
  if (!graph.world.wabas.has(wabaId)) throw new SimError(`There is no WABA ${wabaId}`, 404);
  const number = phoneNumberId === undefined ? undefined : numberOf(graph, phoneNumberId);
  const metadata = number && { display_phone_number: number.display, phone_number_id: number.id };
  const whole = metadata ? { messaging_product: "whatsapp", metadata, ...value } : value;
  return { deliveries: [await send(graph, wabaId, field, whole, phoneNumberId)] };
}

function send(
  graph: Graph,
  wabaId: string,
  field: string,
  value: Record<string, unknown>,
  phoneNumberId?: string,
) {
  const entries = [accountChange(wabaId, graph.clock.nowSeconds(), field, value)];
  return graph.webhooks.send({ wabaId, phoneNumberId, entries });
}

function numberOf(graph: Graph, phoneNumberId: string): PhoneNumber {
  const number = graph.world.numbers.get(phoneNumberId);
  if (!number) throw new SimError(`There is no number ${phoneNumberId}`, 404);
  return number;
}
