/** People who work for a tenant: they own leads, are assigned conversations and tasks, and are notified. */
import * as z from "zod";
import {
  keySchema,
  objectIdSchema,
  pageQuery,
  timestampInputSchema,
  timestampSchema,
  versionSchema,
} from "./common.contract";
import { emailSchema } from "./lead.input.contract";
import { textLine } from "./text.contract";

/** How other resources name a person: `ownerId`, `assigneeId`, `memberIds`, ... */
export const userIdSchema = keySchema.meta({ description: "Key of a user.", example: "maria" });

const availabilitySchema = z
  .enum(["available", "away"])
  .meta({ description: "Whether new work may be given to the person.", example: "available" });
const statusSchema = z
  .enum(["active", "disabled"])
  .meta({ description: "Whether the person works for the tenant.", example: "active" });

export const userSchema = z
  .object({
    id: objectIdSchema,
    version: versionSchema,
    key: userIdSchema,
    name: z.string().meta({ description: "Name.", example: "Maria Lima" }),
    email: z
      .string()
      .meta({ description: "E-mail address, unique in the tenant.", example: "maria@example.com" }),
    status: statusSchema,
    availability: availabilitySchema.meta({
      description: "Whether new work may be given to the person now; an absence that is over counts no more.",
    }),
    awayUntil: timestampSchema
      .nullable()
      .meta({ description: "When the absence ends by itself; null: never, or there is none." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "User", description: "A person who works for the tenant." });
export type User = z.input<typeof userSchema>;

const name = textLine(200).meta({ description: "Name.", example: "Maria Lima" });
const email = emailSchema.meta({
  description: "E-mail address, unique in the tenant.",
  example: "maria@example.com",
});

export const createUserSchema = z
  .strictObject({ key: userIdSchema, name, email })
  .meta({ id: "UserInput", example: { key: "maria", name: "Maria Lima", email: "maria@example.com" } });
export type CreateUser = z.output<typeof createUserSchema>;

export const updateUserSchema = z
  .strictObject({
    name: name.optional(),
    email: email.optional(),
    availability: availabilitySchema.optional(),
    awayUntil: timestampInputSchema
      .nullable()
      .optional()
      .meta({ description: "When the absence ends by itself; only for one who is away.", example: null }),
  })
  .meta({ id: "UserPatch", example: { availability: "away" } });
export type UpdateUser = z.output<typeof updateUserSchema>;

export const listUsersQuery = z.strictObject({
  ...pageQuery,
  status: statusSchema.optional(),
});
export type ListUsers = z.output<typeof listUsersQuery>;
