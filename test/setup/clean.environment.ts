/**
 * The surroundings of one test file: a database name of its own at the start; at the end its databases are dropped
 * (kept when a test failed, to be looked at), and a file that leaves connections, servers or processes open fails.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentContext, JestEnvironmentConfig } from "@jest/environment";
import type { Circus } from "@jest/types";
import { TestEnvironment } from "jest-environment-node";
import { mongo } from "mongoose";
import { toolingEnvironment } from "../../src/lib/env/env";
import { DATABASE_GLOBAL, freshDatabaseName } from "./test.database";

const CLOSING_LIMIT_MS = 3_000;

/** What a file must not leave behind, of the kinds that keep a process alive. */
const HANDLES: Record<string, string> = {
  TCPSocketWrap: "network connections",
  TCPServerWrap: "listening servers",
  ProcessWrap: "child processes",
};

function openHandles(): Map<string, number> {
  const open = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    if (kind in HANDLES) open.set(kind, (open.get(kind) ?? 0) + 1);
  return open;
}

/**
 * Node's own errors (files, sockets, aborted fetches) come from outside the sandbox, whose `Error` is another one: there
 * `error instanceof Error` would be false in tests alone. Subclasses keep the ordinary rule.
 */
function recogniseOuterErrors(innerError: ErrorConstructor): void {
  Object.defineProperty(innerError, Symbol.hasInstance, {
    value(this: unknown, candidate: unknown): boolean {
      const ordinary = Function.prototype[Symbol.hasInstance].call(this, candidate);
      return ordinary || (this === innerError && candidate instanceof Error);
    },
  });
}

export default class CleanEnvironment extends TestEnvironment {
  private readonly database = freshDatabaseName();
  private readonly file: string;
  private readonly before = openHandles();
  private failed = false;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.file = context.testPath;
    Object.assign(this.global, { [DATABASE_GLOBAL]: this.database });
    recogniseOuterErrors(this.global.Error);
  }

  handleTestEvent(event: Circus.Event): void {
    if (event.name === "test_done" && event.test.errors.length > 0) this.failed = true;
    if (event.name === "error" || event.name === "hook_failure") this.failed = true;
  }

  override async teardown(): Promise<void> {
    const left = await this.leftOpen();
    await this.dropDatabases();
    await super.teardown();
    if (left.length > 0)
      throw new Error(
        `${this.file} leaves open: ${left.join(", ")}. Close what the file opened in afterAll().`,
      );
  }

  private async leftOpen(): Promise<string[]> {
    const deadline = Date.now() + CLOSING_LIMIT_MS;
    await sleep(10); // what the last test began (a listen, a connect) becomes a handle only now
    for (;;) {
      const more = [...openHandles()]
        .map(([kind, count]) => ({ what: HANDLES[kind], count: count - (this.before.get(kind) ?? 0) }))
        .filter(({ count }) => count > 0);
      if (more.length === 0) return [];
      if (Date.now() > deadline) return more.map(({ what, count }) => `${count} ${what}`);
      await sleep(20);
    }
  }

  private async dropDatabases(): Promise<void> {
    const client = await mongo.MongoClient.connect(toolingEnvironment().MONGODB_URI);
    try {
      const { databases } = await client
        .db("admin")
        .admin()
        .listDatabases({ nameOnly: true, filter: { name: { $regex: `^${this.database}` } } });
      if (this.failed && databases.length > 0)
        console.log(`Kept after a failure in ${this.file}: ${databases.map(({ name }) => name).join(", ")}`);
      else for (const { name } of databases) await client.db(name).dropDatabase();
    } finally {
      await client.close();
    }
  }
}
