import { setTimeout as sleep } from "node:timers/promises";
import { mongo } from "mongoose";
import * as z from "zod";
import { isAlive } from "../../../dev/mongo/process.alive";
import { processEnvironment } from "../../../src/lib/env/env";
import { type RunningScript, type ScriptResult, startScript } from "../../setup/run.script";

const CHILD = "test/integration/mongo/start.child.ts";
const startedSchema = z.object({
  uri: z.string(),
  source: z.string(),
  version: z.string(),
  pid: z.number().optional(),
});

/** A process that started a server and holds it. */
export interface StartedMongo {
  uri: string;
  pid: number;
  script: RunningScript;
}

const running = new Set<RunningScript>();

/** The run's own MONGODB_URI is taken away, so that a server has to be started. */
function begin(options: object, mode: "hold" | "once", uri: string): RunningScript {
  const variables = processEnvironment({ MONGODB_URI: uri });
  return startScript(CHILD, [JSON.stringify(options), mode], variables);
}

/** What a start printed on its line of JSON. */
export function startedIn(line: string): z.infer<typeof startedSchema> {
  return startedSchema.parse(JSON.parse(line));
}

/** Starts a server in a process of its own, which holds it until stopMongo() or endMongos(). */
export async function holdMongo(options: object): Promise<StartedMongo> {
  const script = begin(options, "hold", "");
  running.add(script);
  const { uri, pid } = startedIn(await script.firstLine);
  return { uri, pid: z.number().parse(pid), script };
}

/** Starts and stops a server (or fails to), to look at what is said. */
export async function tryMongo(
  options: object,
  uri = "",
): Promise<ScriptResult & { pid: number | undefined }> {
  const script = begin(options, "once", uri);
  return { ...(await script.ended), pid: script.child.pid };
}

/** Ends a holding process, in order or by force. */
export async function stopMongo({ script }: StartedMongo, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  script.child.kill(signal);
  running.delete(script);
  expect(await script.ended).toMatchObject(signal === "SIGTERM" ? { code: 0 } : { signal });
}

/** Ends what a failed test left running. */
export async function endMongos(): Promise<void> {
  for (const script of running) {
    script.child.kill("SIGTERM");
    await script.ended;
  }
  running.clear();
}

/** Gives a connected client to `work` and closes it. */
export async function withClient<Result>(
  uri: string,
  work: (client: mongo.MongoClient) => Promise<Result>,
): Promise<Result> {
  const client = await mongo.MongoClient.connect(uri, { serverSelectionTimeoutMS: 10_000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Whether a process is gone before the time is up. */
export async function goneWithin(pid: number, milliseconds: number): Promise<boolean> {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; await sleep(50))
    if (!isAlive(pid)) return true;
  return false;
}
