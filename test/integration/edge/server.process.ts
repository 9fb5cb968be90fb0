import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { processEnvironment } from "../../../src/lib/env/env";

export interface ServerProcess {
  readonly url: string;
  /** Sends SIGTERM and answers with the exit code. */
  stop(): Promise<number | null>;
  /** SIGTERM only. */
  terminate(): void;
  readonly ended: Promise<number | null>;
}

/** Starts `src/server.ts` as its own process on a free port and waits until it listens. */
export async function startServer(environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawnServer({ PORT: "0", LOG_LEVEL: "INFO", ...environment });
  const ended = exitOf(child);
  const port = await new Promise<string>((resolve, reject) => {
    let printed = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk;
      const [, found] = /"The server listens\.".*"port":(\d+)/.exec(printed) ?? [];
      if (found) resolve(found);
    });
    ended.then((code) => reject(new Error(`The server ended with code ${code}: ${printed}`)), reject);
  });
  const terminate = (): void => {
    child.kill("SIGTERM");
  };
  return {
    url: `http://127.0.0.1:${port}`,
    ended,
    terminate,
    stop() {
      terminate();
      return ended;
    },
  };
}

/** Starts the server with settings that it must refuse; answers with its exit code and what it said. */
export async function refusedServer(
  environment: Record<string, string>,
): Promise<{ code: number | null; said: string }> {
  const child = spawnServer(environment);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  return { code: await exitOf(child), said };
}

function spawnServer(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "src/server.ts"], {
    cwd: join(__dirname, "../../.."),
    env: processEnvironment(environment),
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}
