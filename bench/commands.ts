import type { Connection } from "mongoose";

/** The commands that a client sends, and when at least one of them is under way. */
export interface CommandWatch {
  /** Forgets what it saw. */
  reset(): void;
  /** Names of the commands since the last reset, in the order they were sent. */
  readonly sent: readonly string[];
  /** How long at least one command was under way since the last reset, in ms. */
  busyMs(): number;
}

/**
 * Watches the client of a connection. Only for areas that set `watchesCommands`.
 * @throws Error when the client was opened without command monitoring: it would look as if nothing were sent
 */
export function watchCommands(connection: Connection): CommandWatch {
  const client = connection.getClient();
  if (!client.options.monitorCommands) throw new Error("The client was opened without monitorCommands.");
  let sent: string[] = [];
  let underWay = 0;
  let since = 0;
  let busy = 0;
  const ended = () => {
    underWay -= 1;
    if (underWay === 0) busy += performance.now() - since;
  };
  client.on("commandStarted", ({ commandName }) => {
    sent.push(commandName);
    underWay += 1;
    if (underWay === 1) since = performance.now();
  });
  client.on("commandSucceeded", ended);
  client.on("commandFailed", ended);
  return {
    reset() {
      sent = [];
      busy = 0;
    },
    get sent() {
      return sent;
    },
    busyMs: () => busy,
  };
}
