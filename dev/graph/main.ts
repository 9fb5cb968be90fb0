/** `npm run graph`: the fake Graph server alone. */
import { type Command, CommandError, help, parseCommand } from "./command.options";
import type { GraphServer } from "./graph.options";
import { startGraph } from "./start.graph";
import { verifyCallback } from "./webhooks/verify.callback";

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  if (command.help) {
    console.log(help);
    return;
  }
  const graph = await start(command);
  const stop = () => {
    graph.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  console.log(`Graph simulator on ${graph.url}`);
  if (!command.quiet) describe(command, graph);
  if (command.verify && command.webhook !== undefined) {
    const outcome = await verifyCallback(command.webhook, command["verify-token"]);
    console.log(outcome.verified ? "webhook verified" : `webhook NOT verified: ${outcome.reason}`);
  }
}

async function start(command: Command): Promise<GraphServer> {
  try {
    return await startGraph({
      port: command.port,
      appSecret: command["app-secret"],
      verifyToken: command["verify-token"],
      numbers: command.number,
      ...(command.webhook === undefined ? {} : { webhookUrl: command.webhook }),
      ...(command["media-dir"] === undefined ? {} : { mediaDir: command["media-dir"] }),
      ...(command.quiet ? {} : { log: (entry) => console.log(JSON.stringify(entry)) }),
    });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
      throw new CommandError(`Port ${command.port} is taken. Choose another one: npm run graph -- --port N`);
    }
    throw error;
  }
}

/** What one needs to try it; these tokens and secrets are made up and open nothing else. */
function describe(command: Command, graph: GraphServer): void {
  console.log(`app secret ${command["app-secret"]} · verify token ${command["verify-token"]}`);
  console.log(`webhooks to ${command.webhook ?? "nowhere yet (POST /_sim/webhook)"}`);
  for (const number of command.number) {
    console.log(
      `number ${number.phoneNumberId} (${number.displayPhoneNumber}) · WABA ${number.wabaId} · token ${number.token}`,
    );
  }
  console.log(`controls: GET ${graph.url}/_sim · Ctrl-C stops it`);
}

main().catch((error: unknown) => {
  console.error(error instanceof CommandError ? error.message : error);
  process.exitCode = 1;
});
