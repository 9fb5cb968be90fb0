import { MongoMemoryReplSet, type MongoMemoryServer } from "mongodb-memory-server-core";

type InstanceOptions = Parameters<MongoMemoryReplSet["_initServer"]>[0];

/** How long the library still tries to reach a server that did not start, in order to stop it. */
const AFTERMATH_MS = 10_000;

/** What the library prints by itself about a failed start: stacks that repeat what the thrown error says. */
function isOwnWarning(line: readonly unknown[]): boolean {
  const first = line[0];
  if (first instanceof Error) return /MongoInstance|MongoMemory/.test(first.stack ?? "");
  return typeof first === "string" && /^Starting the MongoMemory\w+ Instance failed/.test(first);
}

/**
 * A replica set on exactly the ports it was given. The library would quietly take others when one is busy, or was used
 * by this process seconds ago, and the addresses stored in the data would no longer be the members'.
 */
export class FixedPortSet extends MongoMemoryReplSet {
  protected override _initServer(options: InstanceOptions): MongoMemoryServer {
    const server = super._initServer(options);
    server.opts.instance = { ...server.opts.instance, portGeneration: false };
    return server;
  }

  /** Starts the set; a failure is only thrown, not printed as well. */
  override async start(): Promise<void> {
    const warn = console.warn;
    console.warn = (...line: unknown[]) => {
      if (!isOwnWarning(line)) warn(...line);
    };
    const restore = () => {
      console.warn = warn;
    };
    try {
      await super.start();
      restore();
    } catch (error) {
      setTimeout(restore, AFTERMATH_MS).unref();
      throw error;
    }
  }
}
