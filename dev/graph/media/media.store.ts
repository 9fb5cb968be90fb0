/** Where media bytes live: in memory, or as files when a folder is given. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface MediaStore {
  put(id: string, bytes: Buffer): Promise<void>;
  get(id: string): Promise<Buffer | undefined>;
  remove(id: string): Promise<void>;
  clear(): Promise<void>;
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
    async clear() {
      kept.clear();
    },
  };
}

/** Files named by media id; the folder is made at the first write. `clear` removes only what this store wrote. */
export function folderMediaStore(folder: string): MediaStore {
  const written = new Set<string>();
  const pathOf = (id: string) => join(folder, `${id}.bin`);
  return {
    async put(id, bytes) {
      await mkdir(folder, { recursive: true });
      await writeFile(pathOf(id), bytes, { mode: 0o600 });
      written.add(id);
    },
    async get(id) {
      return written.has(id) ? readFile(pathOf(id)) : undefined;
    },
    async remove(id) {
      if (written.delete(id)) await rm(pathOf(id), { force: true });
    },
    async clear() {
      for (const id of written) await rm(pathOf(id), { force: true });
      written.clear();
    },
  };
}
