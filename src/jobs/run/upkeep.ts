import { refreshClock } from "../../lib/clock/clock";
import { rootLogger } from "../../lib/log/logger";
import { unpark } from "../queue/park";
import { promoteDue } from "../queue/promote";
import { reapExpired } from "../queue/reap";
import { releaseOrphans } from "../queue/release";
import { readServerTime } from "../queue/server.time";
import type { Tally } from "./tally";

interface Chore {
  readonly name: string;
  readonly everyMs: number;
  /** @returns how many jobs it made claimable. */
  readonly run: (tally: Tally) => Promise<number>;
}

/** The stack's offset, and what the server's clock says: asked rarely, and carried on in between. */
async function readClocks(): Promise<number> {
  await refreshClock();
  await readServerTime();
  return 0;
}

/** What a drain does for the queue beside running jobs. ADD A CHORE HERE. */
const chores: readonly Chore[] = [
  { name: "clock", everyMs: 1_000, run: readClocks },
  { name: "promote", everyMs: 250, run: () => promoteDue() },
  { name: "reap", everyMs: 500, run: (tally) => reapExpired(tally.crashed) },
  { name: "unpark", everyMs: 30_000, run: () => unpark() },
  { name: "release-orphans", everyMs: 30_000, run: () => releaseOrphans() },
];

/** Runs each chore when it is due again; one that fails is logged and does not keep the others from running. */
export class Upkeep {
  private readonly lastRun = new Map<string, number>();

  /** @param tally hears of the crashes that it finds. */
  constructor(private readonly tally: Tally) {}

  /** @param now Run all of them now, whenever they last ran. @returns how many jobs became claimable. */
  async tick(now = false): Promise<number> {
    let freed = 0;
    for (const { name, everyMs, run } of chores) {
      const last = this.lastRun.get(name);
      if (!now && last !== undefined && performance.now() - last < everyMs) continue;
      this.lastRun.set(name, performance.now());
      try {
        freed += await run(this.tally);
      } catch (error) {
        rootLogger().warn("A chore of the queue failed; it runs again.", { chore: name }, error);
      }
    }
    return freed;
  }
}
