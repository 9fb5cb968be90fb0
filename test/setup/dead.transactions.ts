import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { centralConnection } from "../../src/lib/db/central.connection";

const idleSchema = z.object({
  lsid: z.object({ id: z.unknown() }),
  connectionId: z.number(),
  transaction: z.looseObject({}),
});
const liveSchema = z.object({ connectionId: z.number() });

/**
 * Ends the transactions of processes that were killed. mongod notices a client's death only when the transaction's
 * minute is over (`transactionLifetimeLimitSeconds`); until then whoever wants to write the same rows has to wait. After
 * this it is as if that minute had passed.
 * @see https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.transactionLifetimeLimitSeconds
 */
export async function endTransactionsOfTheDead(): Promise<void> {
  const until = Date.now() + 10_000;
  // A busy mongod may not have noticed yet that the dead one's sockets are closed.
  for (let open = await endOnce(); open > 0 && Date.now() < until; open = await endOnce()) await sleep(100);
}

/** @returns how many transactions stand open on connections that are there */
async function endOnce(): Promise<number> {
  const admin = (await centralConnection()).getClient().db("admin");
  const everything = { allUsers: true, idleSessions: true, idleConnections: true };
  const operations = await admin.aggregate([{ $currentOp: everything }]).toArray();
  const live = new Set<number>();
  const idle: z.output<typeof idleSchema>[] = [];
  for (const operation of operations) {
    const session = operation.type === "idleSession" ? idleSchema.safeParse(operation).data : undefined;
    if (session) idle.push(session);
    const connection = operation.type === "op" ? liveSchema.safeParse(operation).data : undefined;
    if (connection) live.add(connection.connectionId);
  }
  const dead = idle.filter(({ connectionId }) => !live.has(connectionId));
  if (dead.length > 0) await admin.command({ killSessions: dead.map(({ lsid }) => ({ id: lsid.id })) });
  return idle.length - dead.length;
}
