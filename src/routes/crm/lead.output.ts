import type * as z from "zod";
import { leadSchema } from "../../contracts/lead.contract";

/** What a route that changes one lead declares. */
export const leadOutput = { status: 200, description: "The lead as it is now.", body: leadSchema } as const;

/** The answer that shows a lead, with its version as ETag and its id for the log. */
export const leadReply = (lead: z.input<typeof leadSchema>) => ({
  body: lead,
  version: lead.version,
  leadId: lead.id,
});
