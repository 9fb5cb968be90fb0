/** `POST /_sim/users`: what Meta knows of a person. */
import * as z from "zod";
import type { Graph } from "../graph.context";
import { noteInbound } from "../messages/service.window";
import type { Person } from "../state/person.directory";
import type { PhoneNumber } from "../state/world";
import { messagesEntry } from "../webhooks/envelope";
import { parseControl, SimError } from "./sim.error";

const userSchema = z.strictObject({
  phone: z.string().transform((text) => text.replace(/\D/g, "")),
  phoneNumberId: z
    .string()
    .optional()
    .describe("The business number that the rest is about; [the first one]"),
  onWhatsApp: z.boolean().optional().describe("false: sends fail with 131026"),
  name: z.string().optional(),
  username: z.string().optional(),
  userId: z.string().optional(),
  marketing: z
    .enum(["stop", "resume"])
    .optional()
    .describe("Sends user_preferences; stop: marketing fails with 131050"),
  windowOpenedAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe("As if the person had written to phoneNumberId then"),
});

export async function changeUser(graph: Graph, body: unknown): Promise<unknown> {
  const control = parseControl(userSchema, body);
  const number =
    control.phoneNumberId === undefined
      ? [...graph.world.numbers.values()][0]
      : graph.world.numbers.get(control.phoneNumberId);
  if (!number) throw new SimError(`There is no number ${control.phoneNumberId ?? ""}`, 404);
  const person = graph.world.people.ofCustomer(number.wabaId, control.phone, control.userId);
  person.onWhatsApp = control.onWhatsApp ?? person.onWhatsApp;
  person.name = control.name ?? person.name;
  person.username = control.username ?? person.username;
  if (control.windowOpenedAt) noteInbound(person, number.id, Date.parse(control.windowOpenedAt));
  const deliveries = control.marketing ? [await preference(graph, number, person, control.marketing)] : [];
  return {
    waId: person.waId,
    userId: graph.world.people.userIdAt(person, number.wabaId),
    onWhatsApp: person.onWhatsApp,
    deliveries,
  };
}

async function preference(graph: Graph, number: PhoneNumber, person: Person, value: "stop" | "resume") {
  if (value === "stop") person.marketingStopped.add(number.wabaId);
  else person.marketingStopped.delete(number.wabaId);
  const userId = graph.world.people.userIdAt(person, number.wabaId);
  const entry = messagesEntry(number, {
    contacts: [{ profile: { name: person.name ?? "" }, wa_id: person.waId, user_id: userId }],
    user_preferences: [
      {
        wa_id: person.waId,
        user_id: userId,
        detail: `User requested to ${value} marketing messages`,
        category: "marketing_messages",
        value,
        timestamp: graph.clock.nowSeconds(),
      },
    ],
  });
  const changes = entry.changes.map((change) => ({ ...change, field: "user_preferences" }));
  return graph.webhooks.send({
    wabaId: number.wabaId,
    phoneNumberId: number.id,
    entries: [{ ...entry, changes }],
  });
}
