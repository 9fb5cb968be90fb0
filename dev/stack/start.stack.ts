/** The local stack: a real MongoDB, a fake Meta, two tenants, and the functions in front of them. */
import { mkdir, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { adoptEnvironment, processEnvironment } from "../../src/lib/env/env";
import { startGraph } from "../graph/start.graph";
import { startMongo } from "../mongo/start.mongo";
import { type HostKind, startHost } from "./host";
import { freePort, portOrFree, requirePort } from "./ports";
import { refuseSecondStack, removeStack, type Stack, writeStack } from "./stack.file";
import { loadKeys, type StackKeys, saveKeys } from "./stack.keys";
import { localTenants } from "./tenants";

export interface StackOptions {
  /** Where data, keys and logs live. */
  readonly folder: string;
  /** Port of the API; undefined: 3000 if free, else any. */
  readonly port?: number;
  /** Any free port for the API, so that this stack runs beside another. */
  readonly freePorts?: boolean;
  /** Wipe data and keys first. */
  readonly fresh: boolean;
  readonly host: HostKind;
  /** Serverless only: worker threads that share nothing, instead of one process for all functions. */
  readonly threads?: boolean;
  readonly log: (line: string) => void;
}

export interface RunningStack {
  readonly stack: Stack;
  /** Whether the demo data is in. */
  readonly seeded: boolean;
  /** Notes that it is. */
  markSeeded(): Promise<void>;
  /** Settles with a sentence when a part of the stack ends by itself. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

type Stop = () => Promise<void>;

/**
 * Starts everything, in order, and undoes what was started when a later part fails.
 * @throws Error with one clear sentence: a taken port, no mongod, a second stack in the folder.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const folder = resolve(options.folder);
  await refuseSecondStack(folder);
  if (options.fresh) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });

  const stops: Stop[] = [() => removeStack(folder)];
  const stop = async () => {
    for (const undo of stops.splice(0).reverse()) await undo();
  };
  try {
    return await startParts(options, folder, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  options: StackOptions,
  folder: string,
  stops: Stop[],
  stop: Stop,
): Promise<RunningStack> {
  const port = await apiPort(options);
  const lambdaPort = await freePort();
  const keys = await loadKeys(folder);
  const apiUrl = `http://127.0.0.1:${port}`;

  const mongo = await startMongo({ dataDir: resolve(folder, "mongo"), log: options.log });
  stops.push(() => mongo.stop());

  const environment = stackEnvironment({ keys, mongoUri: mongo.uri });
  adoptEnvironment(environment);
  // Loaded only now: they read the environment.
  const { now, refreshClock } = await import("../../src/lib/clock/clock");
  const { provision } = await import("./provision");

  const graph = await startGraph({
    appSecret: keys.appSecret,
    verifyToken: keys.verifyToken,
    mediaDir: resolve(folder, "meta"),
    now,
    numbers: localTenants.map(({ phoneNumberId, wabaId, displayPhoneNumber, name, token }) => ({
      phoneNumberId,
      wabaId,
      displayPhoneNumber,
      verifiedName: name,
      token,
    })),
  });
  stops.push(() => graph.stop());
  adoptEnvironment({ GRAPH_BASE_URL: graph.url, LOCAL_ALLOWED_HOSTS: new URL(graph.url).host });

  const provisioned = await provision(keys, options.log);
  stops.push(() => provisioned.close());
  await saveKeys(folder, provisioned.keys);
  // The fake Meta lives in this process; its clock is the stack's.
  const clock = setInterval(() => {
    refreshClock().catch((error: unknown) => options.log(`The clock could not be read: ${String(error)}`));
  }, 250);
  stops.push(async () => clearInterval(clock));

  const buildDir = `.esbuild/stack-${process.pid}`;
  stops.push(() => rm(buildDir, { recursive: true, force: true }));
  const children = await startHost({
    kind: options.host,
    threads: options.threads ?? false,
    port,
    lambdaPort,
    folder,
    environment: processEnvironment({
      ...environment,
      ...(options.host === "serverless" ? nudgeEnvironment(lambdaPort) : {}),
      ECOD_BUILD_DIR: buildDir,
      GRAPH_BASE_URL: graph.url,
      LOCAL_ALLOWED_HOSTS: new URL(graph.url).host,
    }),
  });
  stops.push(async () => {
    await Promise.all(children.map((child) => child.stop()));
  });
  graph.setWebhookUrl(`${apiUrl}/api/webhooks/whatsapp`);
  await drainOnce(apiUrl);

  const stack: Stack = {
    pid: process.pid,
    apiUrl,
    graphUrl: graph.url,
    mongoUri: mongo.uri,
    mongoSource: mongo.source,
    adminKey: provisioned.adminKey,
    meta: { appSecret: keys.appSecret, verifyToken: keys.verifyToken },
    tenants: provisioned.tenants,
  };
  await writeStack(folder, stack);
  const broken = Promise.race(
    children.map((child) =>
      child.ended.then(
        (code) => `${child.name} ended by itself (code ${code}). Read ${resolve(folder, "host.log")}.`,
      ),
    ),
  );
  const markSeeded = () => saveKeys(folder, { ...provisioned.keys, seeded: true });
  return { stack, seeded: keys.seeded, markSeeded, broken, stop };
}

async function apiPort(options: StackOptions): Promise<number> {
  if (options.freePorts) return freePort();
  return options.port === undefined ? portOrFree(3000) : requirePort(options.port);
}

function stackEnvironment(parts: { keys: StackKeys; mongoUri: string }): Record<string, string> {
  return {
    ECOD_STAGE: "local",
    MONGODB_URI: parts.mongoUri,
    ECOD_MASTER_KEY: parts.keys.masterKey,
    WHATSAPP_APP_SECRET: parts.keys.appSecret,
    WHATSAPP_VERIFY_TOKEN: parts.keys.verifyToken,
    LOG_LEVEL: "INFO",
  };
}

/** Where the functions reach the emulator's pollers; a worker needs no nudge. */
function nudgeEnvironment(lambdaPort: number): Record<string, string> {
  return {
    LAMBDA_ENDPOINT: `http://127.0.0.1:${lambdaPort}`,
    POLLER_FUNCTION_NAME: "ecod-local-poller",
    MEDIA_POLLER_FUNCTION_NAME: "ecod-local-mediaPoller",
  };
}

/** Does what provisioning left in the queue, such as the first template sync. */
async function drainOnce(apiUrl: string): Promise<void> {
  const response = await fetch(`${apiUrl}/local/drain`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok)
    throw new Error(`The queue could not be drained: ${response.status} ${await response.text()}`);
}
