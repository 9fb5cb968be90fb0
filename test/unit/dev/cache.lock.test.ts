import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withCacheLock } from "../../../dev/mongo/cache.lock";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function lockLeftBy(pid: number): Promise<void> {
  await mkdir(join(folder, "mongod.lock"));
  await writeFile(join(folder, "mongod.lock", "pid"), String(pid));
}

describe("the lock around fetching a mongod", () => {
  test("five starts at once work one after the other, and those who wait say so once", async () => {
    const steps: string[] = [];
    let waited = 0;
    await Promise.all(
      [1, 2, 3, 4, 5].map((start) =>
        withCacheLock(
          folder,
          () => {
            waited += 1;
          },
          async () => {
            steps.push(`begin ${start}`);
            await sleep(20);
            steps.push(`end ${start}`);
          },
        ),
      ),
    );
    expect(steps).toHaveLength(10);
    for (let index = 0; index < steps.length; index += 2)
      expect(steps[index + 1]).toBe(steps[index]?.replace("begin", "end"));
    expect(waited).toBe(4);
  });

  test("a failure gives the lock back", async () => {
    const failing = withCacheLock(
      folder,
      () => {},
      () => Promise.reject(new Error("no network")),
    );
    await expect(failing).rejects.toThrow("no network");
    expect(
      await withCacheLock(
        folder,
        () => {},
        async () => "next",
      ),
    ).toBe("next");
  });

  test("the lock of a start that was killed is taken over", async () => {
    await lockLeftBy(spawnSync(process.execPath, ["-e", ""]).pid);
    const result = await withCacheLock(
      folder,
      () => {},
      async () => "taken over",
    );
    expect(result).toBe("taken over");
  });

  test("the lock of a start that lives is respected", async () => {
    await lockLeftBy(process.pid);
    const order: string[] = [];
    const waiting = withCacheLock(
      folder,
      () => order.push("waits"),
      async () => {
        order.push("works");
      },
    );
    await sleep(300);
    order.push("released");
    await rm(join(folder, "mongod.lock"), { recursive: true });
    await waiting;
    expect(order).toEqual(["waits", "released", "works"]);
  });
});
