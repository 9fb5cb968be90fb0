/** `npm run server`: the whole API on one long-lived process, for self-hosting. Jobs are run by `npm run worker`. */
import { createServer } from "node:http";
import express from "express";
import { EnvironmentError, env, isLocalStage } from "./lib/env/env";
import { mountExpress } from "./lib/http/mount.express";
import { answerUnreadable } from "./lib/http/unreadable.request";
import { rootLogger } from "./lib/log/logger";
import { closeAllConnections } from "./lib/tenant/tenant.registry";
import { routes } from "./routes";
import { localRoutes } from "./routes/local.routes";
import { dispatchEvents } from "./services/saas/automation/dispatch.events";

/** How long requests that are being answered may go on after SIGTERM. */
const graceMs = 10_000;
const loopback = ["127.0.0.1", "::1", "localhost"];

function main(): void {
  const { HOST, PORT, ECOD_STAGE } = env();
  const app = express();
  const served = isLocalStage() ? [...routes, ...localRoutes(dispatchEvents)] : routes;
  mountExpress(app, served, { dispatch: dispatchEvents });

  const server = createServer(app);
  answerUnreadable(server);
  const host = HOST || (isLocalStage() ? "127.0.0.1" : undefined);
  if (isLocalStage() && !loopback.includes(host ?? ""))
    throw new EnvironmentError(
      "HOST must be 127.0.0.1 in stage local, whose clock and queue are open to whoever reaches it. Leave HOST empty, or choose another stage.",
    );
  server.once("error", (error) => fail(listenProblem(error, PORT)));
  server.listen(PORT, host, () => {
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : PORT;
    rootLogger().info("The server listens.", { stage: ECOD_STAGE, host: host ?? "all addresses", port });
  });

  const stop = (signal: string): void => {
    rootLogger().info("The server stops.", { signal });
    server.close(() => closeAllConnections().catch((error: unknown) => fail(String(error))));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), graceMs).unref();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function listenProblem(error: Error, port: number): string {
  if ("code" in error && error.code === "EADDRINUSE")
    return `Port ${port} is taken. Stop what listens there, or set PORT to another one.`;
  return `The server could not listen on port ${port}: ${error.message}`;
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

try {
  main();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  fail(error.message);
}
