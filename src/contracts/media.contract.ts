/** Media: photos, voice notes, videos and documents, as the API takes and shows them. */
import * as z from "zod";
import { keySchema, objectIdSchema, timestampSchema } from "./common.contract";

/** Bytes of one part of an upload, and of one answer with content: what fits through a Lambda in base64. */
export const mediaPartBytes = 4 * 1024 * 1024;
export const mediaMaxParts = 100;

export const mediaKindSchema = z
  .enum(["image", "audio", "video", "document", "sticker"])
  .meta({ description: "What it is sent and shown as.", example: "image" });

export const mediaStateSchema = z
  .enum(["pending", "uploading", "stored", "processing", "ready", "failed"])
  .meta({
    description:
      "`pending`: a customer sent it and it is being fetched. `uploading`: parts are awaited. `stored`, `processing`: it is being converted. `ready`: it can be sent. `failed`: see `error`.",
    example: "ready",
  });

export const mediaRenditionRoleSchema = z.enum(["original", "processed", "thumbnail"]).meta({
  description:
    "`original`: as it came. `processed`: what WhatsApp takes. `thumbnail`: small JPEG of a video.",
  example: "processed",
});

const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in 64 lower case hex digits")
  .meta({
    description: "SHA-256 of the bytes, in hex.",
    example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  });

const mimeSchema = z
  .string()
  .max(200)
  .regex(/^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/, "must be a media type such as image/jpeg")
  .meta({ description: "Media type.", example: "image/jpeg" });

export const openUploadSchema = z.strictObject({
  mime: mimeSchema,
  size: z
    .number()
    .int()
    .min(1)
    .max(mediaPartBytes * mediaMaxParts)
    .meta({ description: "Size of the whole file in bytes.", example: 182_044 }),
  kind: mediaKindSchema.optional().meta({
    description: "What to send it as; from `mime` when absent. Say `sticker` for a WebP that is one.",
    example: "image",
  }),
  fileName: z
    .string()
    .max(10_000)
    .optional()
    .meta({ description: "Name to show; cleaned of folders and control characters.", example: "offer.jpg" }),
  sha256: sha256Schema.optional(),
  key: keySchema.optional().meta({
    description: "Name by which rules send it. The newest item of a key that is ready counts.",
    example: "brochure",
  }),
});
export type OpenUpload = z.infer<typeof openUploadSchema>;

export const mediaPartParams = z.object({
  id: objectIdSchema,
  n: z.coerce
    .number()
    .int()
    .min(1)
    .max(mediaMaxParts)
    .meta({ description: "Number of the part, from 1.", example: 1 }),
});

export const mediaContentQuery = z.strictObject({
  rendition: mediaRenditionRoleSchema
    .optional()
    .meta({ description: "Which form; `processed` where there is one, else `original`, when absent." }),
});

const nullableNumber = (description: string, example: number) =>
  z.number().nullable().meta({ description, example });

const renditionSchema = z
  .object({
    role: mediaRenditionRoleSchema,
    mime: z.string().meta({ description: "Media type.", example: "image/jpeg" }),
    size: z.number().int().meta({ description: "Bytes.", example: 182_044 }),
    sha256: sha256Schema,
    width: nullableNumber("Pixels.", 1600),
    height: nullableNumber("Pixels.", 1200),
    durationMs: nullableNumber("Length in milliseconds.", 61_000),
  })
  .meta({ id: "MediaRendition", description: "One stored form of a media item." });

export const mediaSchema = z
  .object({
    id: objectIdSchema,
    version: z.number().int().meta({ description: "Rises with each change; the ETag.", example: 3 }),
    origin: z
      .enum(["inbound", "upload", "link"])
      .meta({ description: "Sent by a customer, uploaded here, or fetched from a link.", example: "upload" }),
    kind: mediaKindSchema,
    state: mediaStateSchema,
    mime: z.string().meta({
      description: "Of what can be sent, once it is ready; as declared until then.",
      example: "image/jpeg",
    }),
    size: z
      .number()
      .int()
      .nullable()
      .meta({ description: "Bytes, of the same form as `mime`.", example: 182_044 }),
    fileName: z.string().nullable().meta({ description: "Name to show.", example: "offer.jpg" }),
    key: z.string().nullable().meta({ description: "Name by which rules send it.", example: "brochure" }),
    renditions: z.array(renditionSchema).meta({ description: "The stored forms." }),
    upload: z
      .object({
        maxPartBytes: z.number().int().meta({ description: "Largest part.", example: mediaPartBytes }),
        parts: z
          .array(
            z.object({
              n: z.number().int().meta({ description: "Number of the part.", example: 1 }),
              size: z.number().int().meta({ description: "Bytes.", example: 182_044 }),
            }),
          )
          .meta({ description: "The parts that have arrived." }),
      })
      .nullable()
      .meta({ description: "How far the upload is; null when it is complete or there is none." }),
    leadId: objectIdSchema.nullable(),
    messageId: objectIdSchema.nullable(),
    error: z
      .object({
        code: z.string().meta({ description: "Code of the problem.", example: "media-unsupported" }),
        detail: z.string().meta({ description: "What is wrong and what to do." }),
      })
      .nullable()
      .meta({ description: "Why it failed." }),
    createdAt: timestampSchema,
    updatedAt: timestampSchema,
  })
  .meta({ id: "Media", description: "A photo, voice note, video, document or sticker." });
export type Media = z.input<typeof mediaSchema>;
