/** Where media bytes live: in memory, or as files when a folder is given. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface MediaStore {
  put(id: string, bytes: Buffer): Promise<void>;
  get(id: string): Promise<Buffer | undefined>;
  remove(id: string): Promise<void>;
}

export function memoryMediaStore(): MediaStore {
  const kept = new Map<string, Buffer>();
  return {
    async put(id, bytes) {
      kept.set(id, bytes);
    },
    async get(id) {
      return kept.get(id);
    },
    async remove(id) {
      kept.delete(id);
    },
  };
}

/** Files named by media id; the folder is made at the first write. */
export function folderMediaStore(folder: string): MediaStore {
  const pathOf = (id: string) => join(folder, `${id}.bin`);
  return {
    async put(id, bytes) {
      await mkdir(folder, { recursive: true });
      await writeFile(pathOf(id), bytes, { mode: 0o600 });
    },
    async get(id) {
      return existsSync(pathOf(id)) ? readFile(pathOf(id)) : undefined;
    },
    async remove(id) {
      await rm(pathOf(id), { force: true });
    },
  };
}
