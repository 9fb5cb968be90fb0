/** The two ways to serve the same functions locally. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningChild, startChild } from "./child";

export type HostKind = "serverless" | "express";

export interface HostOptions {
  readonly kind: HostKind;
  /** Serverless only: every function in worker threads of its own, which share nothing, as on Lambda. Slower. */
  readonly threads: boolean;
  readonly port: number;
  readonly lambdaPort: number;
  readonly environment: Record<string, string>;
  readonly folder: string;
}

const readyMs = 90_000;

/**
 * Starts the host and waits until it answers `/api/health`.
 * @throws Error when it ends before, or is not ready in time; the log file is named.
 */
export async function startHost(options: HostOptions): Promise<RunningChild[]> {
  const logFile = resolve(options.folder, "host.log");
  // The log of this start alone, since it is read for what went wrong.
  await writeFile(logFile, "", { mode: 0o600 });
  const children = options.kind === "serverless" ? [serverless(options, logFile)] : express(options, logFile);
  try {
    await ready(`http://127.0.0.1:${options.port}/api/health`, children, logFile);
    return children;
  } catch (error) {
    await Promise.all(children.map((child) => child.stop()));
    throw error;
  }
}

function serverless(options: HostOptions, logFile: string): RunningChild {
  return startChild({
    name: "serverless-offline",
    args: [
      "node_modules/serverless/bin/serverless.js",
      "offline",
      "start",
      "--stage",
      "local",
      ...(options.threads ? [] : ["--useInProcess"]),
      "--noPrependStageInUrl",
      "--host",
      "127.0.0.1",
      "--httpPort",
      String(options.port),
      "--lambdaPort",
      String(options.lambdaPort),
    ],
    environment: options.environment,
    logFile,
  });
}

function express(options: HostOptions, logFile: string): RunningChild[] {
  const environment = { ...options.environment, PORT: String(options.port), HOST: "127.0.0.1" };
  return [
    startChild({ name: "server", args: ["--import", "tsx", "src/server.ts"], environment, logFile }),
    startChild({ name: "worker", args: ["--import", "tsx", "src/jobs/crmWorker.ts"], environment, logFile }),
  ];
}

async function ready(url: string, children: readonly RunningChild[], logFile: string): Promise<void> {
  let endedEarly: string | undefined;
  for (const child of children) {
    child.ended.then(
      (code) => {
        endedEarly ??= `${child.name} ended with code ${code}`;
      },
      (error: unknown) => {
        endedEarly ??= `${child.name} could not be started (${error instanceof Error ? error.message : "unknown"})`;
      },
    );
  }
  const until = Date.now() + readyMs;
  while (Date.now() < until) {
    const reason = endedEarly ?? (await loggedFailure(logFile));
    if (reason) throw new Error(`The functions did not start: ${reason}. Read ${logFile}.`);
    if (await answers(url)) return;
    await sleep(200);
  }
  throw new Error(`The functions did not answer within ${readyMs / 1000} s. Read ${logFile}.`);
}

/** The framework prints what is wrong and then stays, doing nothing: its first words after "Error:" are the reason. */
async function loggedFailure(logFile: string): Promise<string | undefined> {
  const [, said] = /^Error:\n((?:.+\n){1,2})/m.exec(await readFile(logFile, "utf8")) ?? [];
  return said?.trim().replaceAll("\n", " ");
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return response.ok;
  } catch {
    // Not listening yet; the caller asks again until its time is up.
    return false;
  }
}
