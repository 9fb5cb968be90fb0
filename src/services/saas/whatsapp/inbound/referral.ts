import * as z from "zod";

const text = z.string().max(2_000).optional().catch(undefined);
const referralSchema = z.looseObject({
  source_type: text,
  source_id: text,
  source_url: text,
  headline: text,
  ctwa_clid: text,
});

/** Where a person came from: the ad or post whose button opened the chat. The whole of it stays on the message. */
export function referralDetail(referral: Record<string, unknown>): Record<string, string> {
  const { source_type, source_id, source_url, headline, ctwa_clid } = referralSchema.parse(referral);
  const detail = {
    channel: "whatsapp",
    type: source_type,
    id: source_id,
    url: source_url,
    headline,
    clickId: ctwa_clid,
  };
  return Object.fromEntries(
    Object.entries(detail).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
