/**
 * One MongoClient per distinct cluster and credentials, however many databases are used on it. Opening is single
 * flight, a failed opening is remembered for a few seconds so that a storm does not hammer a dead or refusing
 * cluster, and a client is closed only when nobody uses a database on it any more.
 */
import { type Connection, createConnection } from "mongoose";
import { clusterIdentity } from "./cluster.identity";
import { ClusterWatch } from "./cluster.watch";
import { connectionOptions } from "./connection.options";

/** A database that somebody uses. Give it back with `release()`, exactly once. */
export interface DatabaseHandle {
  readonly connection: Connection;
  /** Log-safe name of the cluster and credentials. */
  readonly clusterId: string;
  /** Whether the driver knows a writable member just now. */
  isReachable(): boolean;
  /** How long no writable member has answered, though asked, in ms. */
  silentForMs(): number;
  /**
   * Resolves at once while there is a writable member. Otherwise asks for one, everybody together, and throws the
   * driver's error after at most 5 s; for some seconds after that at once.
   */
  whenReachable(): Promise<void>;
  /** Has others told `error` at once, for some seconds or until the cluster answers. */
  giveUp(error: unknown): void;
  /** The handle is given back before this returns; the promise tells when its client is closed, if it was the last. */
  release(): Promise<void>;
}

interface Cluster {
  readonly key: string;
  readonly opening: Promise<Connection>;
  /** The open client; what `opening` gave. */
  root?: Connection;
  /** Users by database, and those who still wait for `opening`. */
  readonly databases: Map<string, number>;
  users: number;
  readonly watch: ClusterWatch;
  probing?: Promise<void> | undefined;
}

declare module "mongoose" {
  interface Connection {
    /** Lets go of a handle made by `useDb`; missing in mongoose's own types. Throws when there is none of that name. */
    removeDb(name: string): this;
  }
}

export class ClusterPool {
  private readonly clusters = new Map<string, Cluster>();
  private readonly failures = new Map<string, { error: unknown; until: number }>();

  /** @param failureMs how long a failed opening is answered from memory */
  constructor(private readonly failureMs = 5_000) {}

  /**
   * Opens a database, on the client of its cluster and credentials.
   * @throws the driver's error when the cluster does not answer within 5 s or refuses the credentials.
   */
  async acquire(uri: string, dbName: string): Promise<DatabaseHandle> {
    const key = clusterIdentity(uri);
    this.throwRemembered(key);
    const cluster = this.clusters.get(key) ?? this.open(key, uri);
    // Counted before the first await, so that nobody closes the client meanwhile.
    cluster.users += 1;
    cluster.databases.set(dbName, (cluster.databases.get(dbName) ?? 0) + 1);
    try {
      const root = await cluster.opening;
      return {
        connection: root.useDb(dbName, { useCache: true }),
        clusterId: key.slice(0, 8),
        isReachable: () => cluster.watch.isReachable(),
        silentForMs: () => cluster.watch.silentForMs(),
        whenReachable: async () => {
          this.throwRemembered(key);
          if (!cluster.watch.isReachable()) await this.probe(cluster, root);
        },
        giveUp: (error) => this.remember(key, error),
        release: () => this.release(cluster, dbName),
      };
    } catch (error) {
      await this.release(cluster, dbName);
      throw error;
    }
  }

  /** How many clients are open or opening. */
  get size(): number {
    return this.clusters.size;
  }

  /** Closes every client, whoever uses it. */
  async closeAll(): Promise<void> {
    const clusters = [...this.clusters.values()];
    this.clusters.clear();
    this.failures.clear();
    await Promise.all(clusters.map(close));
  }

  private open(key: string, uri: string): Cluster {
    const root = createConnection();
    const opening = root.openUri(uri, connectionOptions());
    const cluster: Cluster = {
      key,
      databases: new Map(),
      users: 0,
      watch: new ClusterWatch(root.getClient(), () => this.failures.delete(key)),
      opening: opening.then(
        () => {
          cluster.root = root;
          return root;
        },
        async (error: unknown) => {
          this.remember(key, error);
          if (this.clusters.get(key) === cluster) this.clusters.delete(key);
          await root.destroy();
          throw error;
        },
      ),
    };
    this.clusters.set(key, cluster);
    return cluster;
  }

  private async probe(cluster: Cluster, root: Connection): Promise<void> {
    this.throwRemembered(cluster.key);
    cluster.probing ??= root
      .getClient()
      .db("admin")
      .command({ ping: 1 })
      .then(
        () => undefined,
        (error: unknown) => {
          this.remember(cluster.key, error);
          throw error;
        },
      )
      .finally(() => {
        cluster.probing = undefined;
      });
    await cluster.probing;
  }

  private remember(key: string, error: unknown): void {
    this.failures.set(key, { error, until: Date.now() + this.failureMs });
  }

  private throwRemembered(key: string): void {
    const failure = this.failures.get(key);
    if (!failure) return;
    if (failure.until > Date.now()) throw failure.error;
    this.failures.delete(key);
  }

  private async release(cluster: Cluster, dbName: string): Promise<void> {
    cluster.users -= 1;
    const users = (cluster.databases.get(dbName) ?? 1) - 1;
    if (users > 0) {
      cluster.databases.set(dbName, users);
      return;
    }
    cluster.databases.delete(dbName);
    // Not there: closed by closeAll(), or never opened.
    if (this.clusters.get(cluster.key) !== cluster) return;
    if (cluster.users > 0) {
      cluster.root?.removeDb(dbName);
      return;
    }
    this.clusters.delete(cluster.key);
    await close(cluster);
  }
}

async function close(cluster: Cluster): Promise<void> {
  const root = await cluster.opening.catch(() => undefined); // what never opened needs no closing
  await root?.destroy();
}

let pool: ClusterPool | undefined;

/** The clients of this process: the central database and the tenants share them. */
export function clusterPool(): ClusterPool {
  pool ??= new ClusterPool();
  return pool;
}
