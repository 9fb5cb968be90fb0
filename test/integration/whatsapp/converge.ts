/** Two universes: a day delivered in order once, and the same day shuffled, in batches, three times, side by side. */

import { trusted } from "mongoose";
import { planDeliveries } from "../../../dev/replay/plan.deliveries";
import type { Payload } from "../../../dev/replay/read.payloads";
import { getCentralModels } from "../../../src/lib/db/get.central.models";
import { sendMessage } from "../../../src/services/saas/messaging/message.service";
import { type Day, dayOfTraffic, firstIdentity, type Sent } from "./day.of.traffic";
import { endState } from "./end.state";
import { customerMessage, type WhatsAppStack, type WhatsAppTenant, webhookBody } from "./whatsapp.stack";

/** The same logical tenant in both universes. */
export interface Twins {
  readonly inOrder: WhatsAppTenant;
  readonly shuffled: WhatsAppTenant;
}

/** @throws what jest throws when the two universes end differently; the seed is in the message. */
export async function expectSameEnd(
  stack: WhatsAppStack,
  twins: readonly Twins[],
  day: Omit<Day, "beganAt">,
): Promise<{ bodies: number }> {
  await stack.sim("/_sim/statuses", { steps: [] });
  const beganAt = Math.floor(Date.now() / 1000) - 20 * 3_600;
  const days = twins.map((_, index) => ({ ...day, beganAt, seed: day.seed + index }));
  const ordered: Universe = await begin(
    stack,
    twins.map((each) => each.inOrder),
    days,
  );
  const shuffled: Universe = await begin(
    stack,
    twins.map((each) => each.shuffled),
    days,
  );

  for (const body of ordered.bodies) await accepted(stack, body);
  await settle(stack);
  const plan = { shuffle: true, repeat: 3, batch: 25, seed: day.seed };
  const deliveries = planDeliveries(shuffled.bodies.map(payloadOf), plan).values();
  const lane = async () => {
    for (const { bytes } of deliveries) await accepted(stack, bytes);
  };
  // The queue works while deliveries come in.
  const working = stack.drain();
  await Promise.all(Array.from({ length: 8 }, lane));
  await working;
  await settle(stack);

  for (const [index, { inOrder, shuffled: other }] of twins.entries()) {
    const expected = await endState(inOrder, ordered.sent[index] ?? []);
    const actual = await endState(other, shuffled.sent[index] ?? []);
    expect({ seed: day.seed, ...actual }).toEqual({ seed: day.seed, ...expected });
  }
  return { bodies: ordered.bodies.length };
}

interface Universe {
  readonly bodies: readonly object[];
  readonly sent: readonly (readonly Sent[])[];
}

/** What was before the day: everybody has written once, some were answered; templates are as the day will leave them. */
async function begin(
  stack: WhatsAppStack,
  tenants: readonly WhatsAppTenant[],
  days: readonly Day[],
): Promise<Universe> {
  const sent: Sent[][] = [];
  const bodies: object[][] = [];
  for (const [index, tenant] of tenants.entries()) {
    const day = days[index];
    if (!day) throw new Error("There is a day for every tenant.");
    for (let person = 0; person < day.people; person += 1) await accepted(stack, before(tenant, day, person));
    await stack.drain();
    const own = await answers(stack, tenant);
    const { wabaId } = tenant.number;
    const change = { wabaId, name: "welcome", status: "PAUSED", category: "MARKETING", silent: true };
    await stack.sim("/_sim/templates", change);
    sent.push(own);
    bodies.push(dayOfTraffic(tenant.number, day, own));
  }
  // The tenants' days run side by side.
  const longest = Math.max(...bodies.map(({ length }) => length));
  const mixed = Array.from({ length: longest }, (_, n) => bodies.flatMap((own) => own[n] ?? []));
  return { bodies: mixed.flat(), sent };
}

function before({ number }: WhatsAppTenant, day: Day, person: number): object {
  const { wa_id, user_id, from, username } = firstIdentity(person);
  const message = customerMessage(from ?? "", {
    id: `wamid.before.${person}`,
    timestamp: String(day.beganAt - 60),
    text: { body: "Good morning" },
    ...(from === undefined ? { from: undefined } : {}),
    ...(user_id === undefined ? {} : { from_user_id: user_id }),
  });
  const contact = { profile: { name: `Person ${person}`, username }, wa_id, user_id };
  return webhookBody(number, { contacts: [contact], messages: [message] });
}

/** One message to everybody with a phone; statuses for them come during the day. */
async function answers(stack: WhatsAppStack, tenant: WhatsAppTenant): Promise<Sent[]> {
  const leads = await tenant.models.Lead.find({}).sort({ waId: 1 }).lean();
  const withPhone = leads.filter(({ waId }) => waId !== null);
  for (const { _id, waId } of withPhone) {
    const content = { kind: "text" as const, text: "How can we help?" };
    await sendMessage(tenant.ctx, { leadId: _id.toHexString(), clientId: `to-${waId}`, content });
  }
  await settle(stack);
  const messages = await tenant.models.Message.find({ direction: "outbound" }).lean();
  return withPhone.map(({ waId }) => {
    const message = messages.find(({ clientId }) => clientId === `to-${waId}`);
    if (!message?.provider.messageId || !waId || !message.clientId)
      throw new Error(`A message was not sent: it is ${message?.status}, ${message?.error?.explanation}`);
    return { clientId: message.clientId, wamid: message.provider.messageId, to: waId };
  });
}

async function accepted(stack: WhatsAppStack, body: unknown): Promise<void> {
  expect((await stack.deliver(body)).status).toBe(200);
}

const payloadOf = (body: object): Payload => ({ name: "", bytes: Buffer.from(JSON.stringify(body)) });

/** Everything done, also what waits a moment: to be done once for many, or to be tried again. */
async function settle(stack: WhatsAppStack): Promise<void> {
  const { Job } = await getCentralModels();
  for (let waiting = 1; waiting > 0; ) {
    await stack.drain();
    const later = {
      state: "scheduled" as const,
      blockedBy: null,
      type: trusted({ $in: ["templates.sync", "whatsapp.send"] }),
    };
    waiting = (await Job.updateMany(later, { $set: { runAt: new Date(0) } })).modifiedCount;
  }
}
