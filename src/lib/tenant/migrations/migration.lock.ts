import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "mongoose";
import { AppError } from "../../errors/app.error";
import { migrationsCollection } from "../tenant.owner";

interface LockRow {
  _id: "lock";
  token: string | null;
  leaseUntil: Date;
}

/** The lock of one run. `confirm()` before each write that only the holder may do. */
export interface MigrationLock {
  /** @throws AppError conflict when the lease was lost. */
  confirm(): Promise<void>;
}

/**
 * Runs `work` as the only one that migrates this database. The lock is a lease by the server's clock, renewed every
 * third of it, so a killed run blocks the next one for no longer than `leaseMs`.
 * @param times `leaseMs`: how long a silent holder keeps the lock; `waitMs`: how long to wait for it.
 * @throws AppError conflict when another run holds the lock for longer, or took it over.
 */
export async function withMigrationLock<T>(
  connection: Connection,
  times: { leaseMs: number; waitMs: number },
  work: (lock: MigrationLock) => Promise<T>,
): Promise<T> {
  const rows = connection.collection<LockRow>(migrationsCollection);
  const token = randomUUID();
  const leaseUntil = { $dateAdd: { startDate: "$$NOW", unit: "millisecond", amount: times.leaseMs } };

  const confirm = async (): Promise<void> => {
    const { matchedCount } = await rows.updateOne({ _id: "lock", token }, [{ $set: { leaseUntil } }]);
    if (matchedCount === 0)
      throw new AppError("conflict", "The migration's lock was taken over by another run; this one stops.");
  };

  await rows.updateOne(
    { _id: "lock" },
    { $setOnInsert: { token: null, leaseUntil: new Date(0) } },
    { upsert: true },
  );
  const giveUpAt = Date.now() + times.waitMs;
  for (;;) {
    const { matchedCount } = await rows.updateOne(
      { _id: "lock", $or: [{ token: null }, { $expr: { $lte: ["$leaseUntil", "$$NOW"] } }] },
      [{ $set: { token, leaseUntil } }],
    );
    if (matchedCount === 1) break;
    if (Date.now() > giveUpAt)
      throw new AppError(
        "conflict",
        "Another run migrates this database. Wait for it to end, then try again.",
      );
    await sleep(100);
  }

  let lost: unknown;
  const beat = setInterval(() => {
    confirm().catch((error: unknown) => {
      lost = error;
    });
  }, times.leaseMs / 3);
  try {
    return await work({
      async confirm() {
        if (lost instanceof AppError) throw lost;
        await confirm();
      },
    });
  } finally {
    clearInterval(beat);
    await rows.updateOne({ _id: "lock", token }, { $set: { token: null } });
  }
}
