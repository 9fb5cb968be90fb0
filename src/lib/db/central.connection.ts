import type { ClientSession, Connection } from "mongoose";
import { env } from "../env/env";
import { clusterPool, type DatabaseHandle } from "./cluster.pool";

let opening: Promise<DatabaseHandle> | undefined;
const centralSessions = new WeakSet<ClientSession>();

/**
 * The central database of this process. Opened at the first call, by everybody together; a failed opening is not
 * kept. Never mongoose's default connection.
 * @throws the driver's error when the central cluster does not answer within 5 s.
 */
export async function centralConnection(): Promise<Connection> {
  opening ??= clusterPool().acquire(env().MONGODB_URI, env().ECOD_CENTRAL_DB);
  const current = opening;
  try {
    return (await current).connection;
  } catch (error) {
    if (opening === current) opening = undefined;
    throw error;
  }
}

/**
 * Runs `work` in a transaction of the central database. Its session is the only kind that the queue takes: a tenant's
 * may be of another cluster, even when here both are one.
 */
export async function inCentralTransaction<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
  const connection = await centralConnection();
  const session = await connection.startSession();
  centralSessions.add(session);
  try {
    return await session.withTransaction(() => work(session));
  } finally {
    await session.endSession();
  }
}

/** Whether a session was begun by `inCentralTransaction`. */
export function isCentralSession(session: ClientSession): boolean {
  return centralSessions.has(session);
}

/** Forgets the connection after the pool was closed. Only for `closeAllConnections`. */
export function forgetCentralConnection(): void {
  opening = undefined;
}
