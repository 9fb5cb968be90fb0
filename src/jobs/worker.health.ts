import { createServer, type Server } from "node:http";
import { centralConnection } from "../lib/db/central.connection";
import { rootLogger } from "../lib/log/logger";
import type { DrainReport } from "./drain";

const lineEveryMs = 30_000;
const pingMs = 2_000;

/** Thrown when the health port cannot be opened. */
export class HealthPortError extends Error {
  override readonly name = "HealthPortError";
}

async function centralAnswers(): Promise<boolean> {
  try {
    const connection = await centralConnection();
    await connection.getClient().db("admin").command({ ping: 1 }, { timeoutMS: pingMs });
    return true;
  } catch (error) {
    rootLogger().warn("The central database does not answer the health check.", {}, error);
    return false;
  }
}

/** Serves `GET /healthz`: 200 while the worker takes jobs and the central database answers, else 503. */
export async function serveHealth(
  port: number,
  report: () => DrainReport,
  stopping: AbortSignal,
): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.url !== "/healthz") {
      response.writeHead(404).end();
      return;
    }
    const ok = !stopping.aborted && (await centralAnswers());
    response.writeHead(ok ? 200 : 503, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ status: ok ? "ok" : stopping.aborted ? "stopping" : "degraded", ...report() }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new HealthPortError(
          `Port ${port} for /healthz cannot be opened; choose another with --health-port.`,
          { cause: error },
        ),
      ),
    );
    server.listen(port, resolve);
  });
  return server;
}

/** Writes a line of health every 30 s. @returns how to stop. */
export function logHealth(report: () => DrainReport): () => void {
  const timer = setInterval(() => {
    const { idle: _idle, ...counts } = report();
    rootLogger().info("Worker", { ...counts, memoryMb: Math.round(process.memoryUsage.rss() / 1_048_576) });
  }, lineEveryMs);
  return () => clearInterval(timer);
}
