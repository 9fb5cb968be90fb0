/**
 * The folders a server keeps its data in: one per member, in a folder the caller named, or in a temporary one that is
 * removed at stop. `ecod-mongo.json` remembers the ports, since a replica set stores its members' addresses.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { MongoSetupError } from "./mongo.error";
import { isAlive } from "./process.alive";
import { temporaryRoot } from "./temporary.root";

const TEMPORARY_PREFIX = "ecod-mongo-";
/** A mongod whose starter was killed is ended by its watcher within 2 s and then takes up to 2 s to close its files. */
const ORPHAN_LIMIT_MS = 8_000;

const noteSchema = z.object({ ports: z.array(z.number().int()), startedBy: z.number().int() });

/** Where a replica set's data lies, and the ports of the last start there (none at the first). */
export interface DataFolder {
  path: string;
  members: string[];
  lastPorts: number[];
  temporary: boolean;
}

async function readNote(path: string): Promise<z.infer<typeof noteSchema>> {
  const text = await readFile(join(path, "ecod-mongo.json"), "utf8").catch(() => undefined);
  return text === undefined ? { ports: [], startedBy: 0 } : noteSchema.parse(JSON.parse(text));
}

/** Remembers under which ports this process runs the set. */
export async function noteStart(folder: DataFolder, ports: number[]): Promise<void> {
  const note: z.infer<typeof noteSchema> = { ports, startedBy: process.pid };
  await writeFile(join(folder.path, "ecod-mongo.json"), JSON.stringify(note));
}

/** The process id in mongod's own lock file, which it empties when it closes its files in order. */
async function lockHolder(member: string): Promise<number | undefined> {
  const pid = Number((await readFile(join(member, "mongod.lock"), "utf8").catch(() => "")).trim());
  return pid > 0 && isAlive(pid) ? pid : undefined;
}

async function waitForOrphan(path: string, member: string, startedBy: number): Promise<void> {
  const deadline = Date.now() + ORPHAN_LIMIT_MS;
  for (let holder = await lockHolder(member); holder !== undefined; holder = await lockHolder(member)) {
    if (isAlive(startedBy) || Date.now() > deadline)
      throw new MongoSetupError(
        `The data folder ${path} is in use by a running mongod (process ${holder}). Stop what started it, or start in another folder.`,
      );
    await sleep(50);
  }
}

async function removeLeftOvers(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = Number(new RegExp(`^${TEMPORARY_PREFIX}(\\d+)-`).exec(name)?.[1] ?? 0);
    if (owner === 0 || isAlive(owner)) continue;
    const path = join(root, name);
    const holders = await Promise.all([0, 1, 2].map((index) => lockHolder(join(path, String(index)))));
    if (holders.every((holder) => holder === undefined)) await rm(path, { recursive: true, force: true });
  }
}

async function temporaryFolder(): Promise<string> {
  const root = await temporaryRoot();
  await removeLeftOvers(root);
  return mkdtemp(join(root, `${TEMPORARY_PREFIX}${process.pid}-`));
}

/**
 * Makes the folders ready. A temporary one of a process that was killed is removed on the way.
 * @throws MongoSetupError when another mongod works in the folder.
 */
export async function openDataFolder(dataDir: string | undefined, count: number): Promise<DataFolder> {
  const path = dataDir === undefined ? await temporaryFolder() : resolve(dataDir);
  const members = Array.from({ length: count }, (_, index) => join(path, String(index)));
  for (const member of members) await mkdir(member, { recursive: true });
  const note = await readNote(path);
  for (const member of members) await waitForOrphan(path, member, note.startedBy);
  return { path, members, lastPorts: note.ports, temporary: dataDir === undefined };
}

/** Removes a temporary folder; leaves one that the caller named. */
export async function closeDataFolder(folder: DataFolder): Promise<void> {
  if (folder.temporary) await rm(folder.path, { recursive: true, force: true });
}
