/** Keeps a snapshot of the world in a file, so that a restarted stack finds the Meta it left. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world";
import { restoreSnapshot, snapshotOf, snapshotSchema } from "./world.snapshot";

const saveDelayMs = 200;

export class WorldFile {
  private readonly path: string;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly folder: string,
    private readonly world: World,
  ) {
    this.path = join(folder, "state.json");
  }

  /** @throws Error naming the file when it is there and cannot be used */
  load(): void {
    if (!existsSync(this.path)) return;
    try {
      restoreSnapshot(this.world, snapshotSchema.parse(JSON.parse(readFileSync(this.path, "utf8"))));
    } catch (cause) {
      throw new Error(`${this.path} is not a state of this simulator. Delete it to start anew.`, { cause });
    }
  }

  /** Saves soon: a burst of calls costs one write. */
  touch(): void {
    this.timer ??= setTimeout(() => this.save(), saveDelayMs);
  }

  /** Written beside and renamed, so that a kill leaves the old state or the new one. */
  save(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    mkdirSync(this.folder, { recursive: true });
    const unfinished = `${this.path}.tmp`;
    writeFileSync(unfinished, JSON.stringify(snapshotOf(this.world)), { mode: 0o600 });
    renameSync(unfinished, this.path);
  }
}
