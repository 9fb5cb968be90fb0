import type { mongo } from "mongoose";

const writableTypes = new Set(["RSPrimary", "Mongos", "Standalone", "LoadBalancer"]);

/**
 * Follows the driver's own monitoring of a cluster: whether a writable member is known, and for how long it has been
 * silent. Costs no query.
 */
export class ClusterWatch {
  private writable: ReadonlySet<string> = new Set();
  private silentSince: number | undefined;

  /** @param onAlive told whenever a writable member has answered */
  constructor(
    client: mongo.MongoClient,
    private readonly onAlive: () => void,
  ) {
    client.on("topologyDescriptionChanged", ({ newDescription }) => {
      const { servers } = newDescription;
      this.writable = new Set(
        [...servers].filter(([, { type }]) => writableTypes.has(type)).map(([at]) => at),
      );
      if (this.isReachable()) this.heard();
      else this.silentSince ??= Date.now();
    });
    client.on("serverHeartbeatStarted", ({ connectionId }) => {
      if (this.writable.has(connectionId)) this.silentSince ??= Date.now();
    });
    client.on("serverHeartbeatSucceeded", ({ connectionId }) => {
      if (this.writable.has(connectionId)) this.heard();
    });
  }

  /** Whether a writable member is known just now. */
  isReachable(): boolean {
    return this.writable.size > 0;
  }

  /** How long no writable member has answered, though asked, in ms. */
  silentForMs(): number {
    return this.silentSince === undefined ? 0 : Date.now() - this.silentSince;
  }

  private heard(): void {
    this.silentSince = undefined;
    this.onAlive();
  }
}
