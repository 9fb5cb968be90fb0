/** Resumable uploads, which give the handles of template header examples. Source: https://developers.facebook.com/docs/graph-api/guides/upload */
import * as z from "zod";
import { tokenOf } from "../auth";
import { GraphError, unknownObject } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { type Answer, type Exchange, jsonObject, ok } from "../http/exchange";
import type { NodeCall } from "../http/node.routes";
import { newObjectId } from "../state/identifiers";
import type { MetaApp } from "../state/world";

const sessionSchema = z.looseObject({
  file_length: z.coerce.number().int().min(1),
  file_type: z.string().min(1),
});

/** `POST /{app_id}/uploads?file_length&file_type&file_name` */
export function startUpload({ graph, exchange }: NodeCall<MetaApp>): Answer {
  const given = { ...Object.fromEntries(exchange.query), ...jsonObject(exchange) };
  const parsed = sessionSchema.safeParse(given);
  if (!parsed.success) throw new GraphError(100, { details: "file_length and file_type are required" });
  const session = {
    id: `upload:${newObjectId()}`,
    fileType: parsed.data.file_type,
    fileLength: parsed.data.file_length,
  };
  graph.world.uploads.set(session.id, session);
  return ok({ id: session.id });
}

/** `POST /upload:{id}` with `file_offset: 0` and the raw bytes -> `{"h": handle}` */
export function finishUpload(graph: Graph, exchange: Exchange): Answer {
  tokenOf(graph.world, exchange);
  const id = decodeURIComponent(exchange.path.slice(1));
  const session = graph.world.uploads.get(id);
  if (!session) throw unknownObject(exchange.method, id);
  if (exchange.headers.file_offset !== "0") {
    throw new GraphError(100, { details: "The header file_offset must be 0" });
  }
  if (exchange.body.length !== session.fileLength) {
    throw new GraphError(100, {
      details: `The file has ${exchange.body.length} bytes, ${session.fileLength} were announced`,
    });
  }
  graph.world.uploads.delete(id);
  const handle = Buffer.from(`${session.fileType}:${id}`).toString("base64");
  return ok({ h: `4::${handle}` });
}
