/** Both hosts of the same tables, asked the same and held against each other. */
import { once } from "node:events";
import { createServer, request } from "node:http";
import express from "express";
import type { Route } from "../../src/lib/http/define.route";
import { mountExpress } from "../../src/lib/http/mount.express";
import {
  type ApiAnswer,
  type ApiCall,
  httpTransport,
  lambdaTransport,
  toAnswer,
} from "../builders/api.client";

export interface Mounts {
  /** Asks both hosts, expects the same of both, and gives what Lambda answered. For calls that change nothing. */
  ask(call: ApiCall): Promise<ApiAnswer>;
  /** Asks one host only. */
  askOne(host: "lambda" | "express", call: ApiCall): Promise<ApiAnswer>;
  /** A GET by HTTP with headers exactly as they are given, in turn name and value. */
  askRaw(path: string, headers: readonly string[]): Promise<ApiAnswer>;
  close(): Promise<void>;
}

/** Headers that are part of the contract, as opposed to those that a host adds. */
const contractHeaders = [
  "allow",
  "accept",
  "cache-control",
  "content-type",
  "etag",
  "retry-after",
  "x-content-type-options",
];

export async function openMounts(routes: readonly Route[]): Promise<Mounts> {
  const ports = { dispatch: async () => {} };
  const app = express();
  mountExpress(app, routes, ports);
  const server = createServer(app);
  const url = await new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`);
    });
  });
  const hosts = { lambda: lambdaTransport(routes, ports), express: httpTransport(url) };
  return {
    askOne: (host, call) => hosts[host](call),
    async ask(call) {
      const [lambda, overHttp] = await Promise.all([hosts.lambda(call), hosts.express(call)]);
      expect([call.method, call.path, comparable(overHttp)]).toEqual([
        call.method,
        call.path,
        comparable(lambda),
      ]);
      return lambda;
    },
    askRaw: (path, headers) => rawGet(url + path, headers),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function rawGet(url: string, headers: readonly string[]): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers: ["host", new URL(url).host, ...headers] }, async (incoming) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
      const received = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
      resolve(toAnswer(incoming.statusCode ?? 0, Object.fromEntries(received), Buffer.concat(chunks)));
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}

/** An answer without what is different each time: the request's id, and the time of reports. */
export function comparable(answer: ApiAnswer): unknown {
  const headers = Object.fromEntries(contractHeaders.map((name) => [name, answer.headers[name]]));
  const text = answer.bytes.toString("utf8");
  const body: unknown =
    text === "" || !answer.headers["content-type"]?.includes("json") ? text : answer.json();
  return { status: answer.status, headers, body: withoutIds(body) };
}

function withoutIds(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).filter(([name]) => !["requestId", "instance", "time"].includes(name)),
  );
}
