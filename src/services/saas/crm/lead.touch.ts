import type { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import type { Change } from "../../../lib/tenant/commit.change";

/** What a message does to its lead. */
export interface Touch {
  /** Of an inbound message, from Meta's own timestamp. */
  readonly inboundAt?: Date;
  readonly outboundAt?: Date;
}

/**
 * Notes a message on its lead. Times only move forward, so any order of messages ends the same.
 * Who writes to us may be written to, unless they opted out: that consent dates from the earliest message. Becoming
 * reachable is an event; times and dates are not, and leave the version alone.
 */
export async function touchLeadInChange(
  _ctx: TenantContext,
  change: Change,
  leadId: Types.ObjectId,
  { inboundAt, outboundAt }: Touch,
): Promise<void> {
  const { Lead } = change.models;
  const { session } = change;
  const times = {
    ...(inboundAt ? { lastInboundAt: inboundAt, lastActivityAt: inboundAt } : {}),
    ...(outboundAt ? { lastOutboundAt: outboundAt } : {}),
    ...(outboundAt && (!inboundAt || outboundAt > inboundAt) ? { lastActivityAt: outboundAt } : {}),
  };
  if (Object.keys(times).length === 0) return;
  const lead = await Lead.findOneAndUpdate({ _id: leadId }, { $max: times }, { session }).lean();
  if (!lead || !inboundAt) return;
  const consent = lead.consent.whatsapp;
  if (consent && (consent.source !== "inbound" || consent.at <= inboundAt)) return;
  await Lead.updateOne(
    { _id: leadId },
    {
      $set: { "consent.whatsapp": { optIn: true, at: inboundAt, source: "inbound" } },
      ...(consent ? {} : { $inc: { version: 1 } }),
    },
    { session },
  );
  if (consent) return;
  change.record({
    type: "lead_updated",
    subject: { leadId: leadId.toHexString() },
    changes: { consent: { from: { whatsapp: null }, to: { whatsapp: { optIn: true, source: "inbound" } } } },
  });
}
