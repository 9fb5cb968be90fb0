/** Writes a whole database as files: JSON lines that MongoDB's own tools and any other program can read. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Connection, mongo } from "mongoose";

export interface ExportedFile {
  readonly file: string;
  readonly documents: number;
  readonly sha256: string;
}

export interface ExportedDatabase {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly documents: number;
  readonly files: ExportedFile[];
}

/**
 * Writes `<name>-<time>/` into `folder`: one `<collection>.ndjson` per collection, in MongoDB's canonical extended
 * JSON (types survive), and `manifest.json` with counts and checksums. Only its owner may read it. The folder appears
 * under its name when everything is on the disk; a failed export leaves nothing.
 * @param target.also further rows, by file name without ending
 */
export async function exportDatabase(
  connection: Connection,
  target: { folder: string; name: string; also?: Readonly<Record<string, AsyncIterable<unknown>>> },
): Promise<ExportedDatabase> {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const folder = resolve(target.folder, `${target.name}-${stamp}`);
  const partial = `${folder}.partial`;
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const files: ExportedFile[] = [];
    const collections = await connection.listCollections();
    for (const name of collections.map((collection) => collection.name).sort())
      files.push(await writeLines(partial, name, connection.collection(name).find().sort({ _id: 1 })));
    for (const [name, rows] of Object.entries(target.also ?? {}))
      files.push(await writeLines(partial, name, rows));
    const documents = files.reduce((sum, file) => sum + file.documents, 0);
    const manifest = { format: "MongoDB extended JSON, canonical, one document a line", documents, files };
    await writeFile(join(partial, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: 0o600,
      flush: true,
    });
    await rename(partial, folder);
    await syncFolder(resolve(target.folder));
    return { folder, documents, files };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function writeLines(folder: string, name: string, rows: AsyncIterable<unknown>): Promise<ExportedFile> {
  const file = `${encodeURIComponent(name)}.ndjson`;
  const hash = createHash("sha256");
  let documents = 0;
  const lines = async function* (): AsyncGenerator<string> {
    for await (const row of rows) {
      const line = `${mongo.BSON.EJSON.stringify(row, { relaxed: false })}\n`;
      hash.update(line);
      documents += 1;
      yield line;
    }
  };
  await pipeline(
    Readable.from(lines()),
    createWriteStream(join(folder, file), { mode: 0o600, flags: "wx", flush: true }),
  );
  return { file, documents, sha256: hash.digest("hex") };
}

/** So that the new name outlives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
