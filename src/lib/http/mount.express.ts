import type { Express, Request, Response } from "express";
import { apiEvent } from "./api.event";
import type { Route } from "./define.route";
import { EdgeRequest, type EdgeResponse } from "./edge.request";
import { type EdgeHandler, type MountPorts, mountLambda } from "./mount.lambda";
import { problemResponse } from "./problem.response";
import { tooLarge } from "./request.body";

/** What Lambda takes in one event: this host refuses above it as well, before holding more in memory. */
const maxRequestBytes = 6 * 1024 * 1024;

/**
 * Serves the same routes by Express: each request becomes the API Gateway event that Lambda would get and goes to the
 * same handler, so that both hosts answer alike, unknown paths included.
 */
export function mountExpress(app: Express, routes: readonly Route[], ports: MountPorts): void {
  const handler = mountLambda(routes, ports);
  app.disable("x-powered-by");
  app.use(async (request: Request, response: Response) => {
    try {
      send(response, await answer(request, handler));
    } catch (error) {
      // The caller hung up while it was sending: there is nobody to answer.
      if (!request.destroyed) throw error;
    }
  });
}

async function answer(request: Request, handler: EdgeHandler): Promise<EdgeResponse> {
  const body = await readBody(request);
  const event = apiEvent({
    method: request.method,
    target: request.originalUrl,
    rawHeaders: request.rawHeaders,
    body,
    sourceIp: request.socket.remoteAddress,
  });
  return body === undefined ? refusedBody(event) : handler(event);
}

/** The body, or undefined when it is larger than any route could take; the rest is read and dropped. */
async function readBody(request: Request): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new Error("The request stream did not give bytes.");
    size += chunk.length;
    if (size <= maxRequestBytes) chunks.push(chunk);
  }
  return size <= maxRequestBytes ? Buffer.concat(chunks, size) : undefined;
}

function refusedBody(event: ReturnType<typeof apiEvent>): EdgeResponse {
  const { requestId } = new EdgeRequest(event);
  const response = problemResponse(tooLarge(maxRequestBytes), requestId);
  response.headers["x-request-id"] = requestId;
  return response;
}

function send(response: Response, reply: EdgeResponse): void {
  response.status(reply.statusCode);
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.end(
    reply.body === undefined ? undefined : Buffer.from(reply.body, reply.isBase64Encoded ? "base64" : "utf8"),
  );
}
