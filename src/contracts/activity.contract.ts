/** A lead's timeline and the notes on it. */
import * as z from "zod";
import {
  actorSchema,
  changedFieldsSchema,
  objectIdSchema,
  pageQuery,
  timestampSchema,
} from "./common.contract";

export const activitySchema = z
  .object({
    id: objectIdSchema,
    leadId: objectIdSchema,
    type: z.string().meta({ description: "What happened; an event's name.", example: "stage_enter" }),
    at: timestampSchema,
    actor: actorSchema,
    changes: changedFieldsSchema
      .nullable()
      .meta({ description: "Changed fields, before and after; null: no field changed." }),
    ref: z
      .object({
        type: z.string().meta({ description: "What it is.", example: "message" }),
        id: z.string().meta({ description: "Its id.", example: "66f0c0ffee66f0c0ffee66f0" }),
      })
      .nullable()
      .meta({ description: "What else it is about, e.g. a message or meeting." }),
    data: z.record(z.string(), z.unknown()).meta({ description: "What the event tells beside its changes." }),
    ruleId: objectIdSchema.nullable().meta({ description: "The rule that did it." }),
    runId: objectIdSchema.nullable().meta({ description: "The rule's run that did it." }),
    eventId: z.string().meta({ description: "The event in the log of changes." }),
  })
  .meta({ id: "Activity", description: "One line of a lead's timeline." });
export type Activity = z.input<typeof activitySchema>;

export const createNoteSchema = z
  .strictObject({
    text: z
      .string()
      .trim()
      .min(1)
      .max(10_000)
      .meta({ description: "The note.", example: "Prefers afternoons." }),
  })
  .meta({ id: "NoteInput" });
export type CreateNote = z.output<typeof createNoteSchema>;

export const noteSchema = z
  .object({
    id: objectIdSchema,
    leadId: objectIdSchema,
    text: z.string().meta({ description: "The note.", example: "Prefers afternoons." }),
    author: actorSchema,
    createdAt: timestampSchema,
  })
  .meta({ id: "Note", description: "What somebody wrote about a lead." });
export type Note = z.input<typeof noteSchema>;

const typeSchema = z.string().min(1).max(64);
export const listActivitiesQuery = z.strictObject({
  ...pageQuery,
  type: z
    .union([typeSchema, z.array(typeSchema).max(20)])
    .transform((types) => [types].flat())
    .optional()
    .meta({ description: "Only lines of this type; may be given several times.", example: "stage_enter" }),
});
export type ListActivities = z.output<typeof listActivitiesQuery>;
