import * as z from "zod";
import { objectIdSchema } from "../../contracts/common.contract";
import {
  mediaContentQuery,
  mediaPartBytes,
  mediaPartParams,
  mediaSchema,
  openUploadSchema,
} from "../../contracts/media.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { readContent } from "../../services/saas/media/media.content.service";
import { findMedia } from "../../services/saas/media/media.record";
import { toMedia } from "../../services/saas/media/media.serialiser";
import { completeUpload, openUpload, putPart } from "../../services/saas/media/media.upload.service";

const params = z.object({ id: objectIdSchema });
const tag = "Media";

const reply = (record: Awaited<ReturnType<typeof findMedia>>) => ({
  body: toMedia(record),
  version: record.version,
});

export const mediaRoutes: readonly Route[] = [
  defineRoute({
    operationId: "openMediaUpload",
    method: "POST",
    path: "/api/crm/media",
    tag,
    summary: "Open an upload",
    description:
      "Then send the bytes in parts of at most 4 MB and complete it. Photos, sound and video are converted to what WhatsApp takes: follow `state` until it is `ready`.",
    auth: { kind: "tenant", scope: "media:write" },
    input: { body: openUploadSchema },
    output: { status: 201, description: "The upload is open.", body: mediaSchema },
    problems: ["media-unsupported", "payload-too-large"],
    idempotent: true,
    run: async ({ ctx, body }) => reply(await openUpload(ctx, body)),
  }),
  defineRoute({
    operationId: "putMediaPart",
    method: "PUT",
    path: "/api/crm/media/{id}/parts/{n}",
    tag,
    summary: "Send a part of an upload",
    description:
      "Parts are numbered from 1 and may come in any order and side by side. Sent again, a part replaces the first.",
    auth: { kind: "tenant", scope: "media:write" },
    input: {
      params: mediaPartParams,
      body: { bytes: true, contentType: "application/octet-stream", maxBytes: mediaPartBytes },
    },
    output: { status: 200, description: "The part is stored.", body: mediaSchema },
    problems: ["not-found", "invalid-state", "payload-too-large", "unsupported-media-type"],
    run: async ({ ctx, params: { id, n }, body }) => reply(await putPart(ctx, id, n, body)),
  }),
  defineRoute({
    operationId: "completeMediaUpload",
    method: "POST",
    path: "/api/crm/media/{id}/complete",
    tag,
    summary: "Complete an upload",
    description:
      "Checks size, SHA-256 and type. Documents are ready at once, the rest is converted. Asked again it answers the same.",
    auth: { kind: "tenant", scope: "media:write" },
    input: { params },
    output: { status: 200, description: "The upload is complete.", body: mediaSchema },
    problems: ["not-found", "invalid-state", "conflict", "media-unsupported", "media-type-mismatch"],
    run: async ({ ctx, params: { id } }) => reply(await completeUpload(ctx, id)),
  }),
  defineRoute({
    operationId: "getMedia",
    method: "GET",
    path: "/api/crm/media/{id}",
    tag,
    summary: "Show a media item",
    description: "Its state, kind, size and renditions; the bytes are at its content.",
    auth: { kind: "tenant", scope: "media:read" },
    input: { params },
    output: { status: 200, description: "The media item.", body: mediaSchema },
    problems: ["not-found"],
    run: async ({ ctx, params: { id } }) => reply(await findMedia(ctx, id)),
  }),
  defineRoute({
    operationId: "getMediaContent",
    method: "GET",
    path: "/api/crm/media/{id}/content",
    tag,
    summary: "Download content",
    description:
      "Answers the whole content, or with `Range` a part of it (206); 4 MB at most either way. Originals are attachments: only what was encoded here is shown in place.",
    auth: { kind: "tenant", scope: "media:read" },
    input: { params, query: mediaContentQuery },
    output: {
      status: 200,
      description: "The bytes, under their own media type.",
      also: { 206: "The part that `Range` asks for." },
      contentType: "*/*",
    },
    problems: ["not-found", "invalid-state", "use-range", "range-not-satisfiable"],
    run: async (request) => {
      const { ctx, params, query } = request;
      const range = request.header("range");
      const { bytes, status, headers } = await readContent(ctx, params.id, { ...query, range });
      return { status, body: bytes, headers };
    },
  }),
];
