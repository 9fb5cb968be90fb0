import { randomUUID } from "node:crypto";
import { type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { AppError } from "../errors/app.error";
import { rootLogger } from "../log/logger";
import { problemResponse } from "./problem.response";

/**
 * Answers what Node's parser refuses before there is a request, such as control characters in a header, as every other
 * problem is answered; Node alone would send a status without a body. The connection ends with it, since nobody knows
 * where the next request would begin.
 */
export function answerUnreadable(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.prependListener("request", (request, response) => answers.set(request.socket, response));
  server.on("clientError", (error, socket) => {
    const current = answers.get(socket);
    const begun = current?.headersSent === true && !current.writableFinished;
    // The caller hung up, or half an answer is out, which no second one may follow.
    if (!socket.writable || begun) socket.destroy(error);
    else socket.end(answerTo(error));
  });
}

function answerTo(error: Error): string {
  const requestId = randomUUID();
  const reason = "code" in error ? String(error.code) : error.name;
  const { statusCode, headers, body = "" } = problemResponse(problemOf(reason), requestId);
  rootLogger().info("A request could not be read.", { requestId, status: statusCode, reason });
  const lines = Object.entries({
    ...headers,
    "x-request-id": requestId,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ""}\r\n${lines.join("")}\r\n${body}`;
}

function problemOf(reason: string): AppError {
  if (reason === "HPE_HEADER_OVERFLOW")
    return new AppError(
      "headers-too-large",
      "The request's headers are larger than 16 KiB. Send less in them.",
    );
  if (reason === "ERR_HTTP_REQUEST_TIMEOUT")
    return new AppError("request-timeout", "The request did not arrive in time. Send it again, in one go.");
  return new AppError(
    "malformed-request",
    "The request is not well-formed HTTP: look for control characters in its headers and for a wrong length.",
  );
}
