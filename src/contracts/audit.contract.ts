/** The tenant's audit log: who did what. */
import * as z from "zod";
import {
  actorSchema,
  changedFieldsSchema,
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
} from "./common.contract";
import { subjectSchema } from "./crm.event.contract";

export const auditEntrySchema = z
  .object({
    id: objectIdSchema,
    at: timestampSchema,
    action: z.string().meta({ description: "What was done: an event's name.", example: "settings_updated" }),
    actor: actorSchema.meta({ description: "Who did it: a key, a rule, an admin." }),
    requestId: z.string().meta({ description: "The request or job it was done in." }),
    subject: subjectSchema.meta({ description: "What it was done to." }),
    changes: changedFieldsSchema
      .nullable()
      .meta({ description: "Changed fields, before and after; null: no field changed." }),
    data: z.record(z.string(), z.unknown()).meta({ description: "What the event tells beside its changes." }),
    ruleId: objectIdSchema.nullable().meta({ description: "The rule that did it." }),
    runId: objectIdSchema.nullable().meta({ description: "The rule's run that did it." }),
    eventId: z.string().meta({ description: "The event in the log of changes." }),
  })
  .meta({ id: "AuditEntry", description: "Something that was done; kept 400 days, never changed." });
export type AuditEntry = z.input<typeof auditEntrySchema>;

export const listAuditQuery = z.strictObject({
  ...pageQuery,
  actorId: z.string().min(1).max(128).optional().meta({ description: "Id of a key, rule or admin." }),
  action: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: "Only this action.", example: "settings_updated" }),
  leadId: objectIdSchema.optional().meta({ description: "Only what was done to this lead." }),
  from: timestampInputSchema.optional().meta({ description: "At this time or later." }),
  to: timestampInputSchema.optional().meta({ description: "Before this time." }),
});
export type ListAudit = z.output<typeof listAuditQuery>;
