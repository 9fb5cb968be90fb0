/** Starts the fake Graph server inside this process. Everything about it: docs/graph-simulator.md */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Graph } from "./graph.context";
import { type GraphOptions, type GraphServer, numberOptionSchema } from "./graph.options";
import { answerExchange } from "./http/answer.exchange";
import { readExchange } from "./http/exchange";
import { folderMediaStore, memoryMediaStore } from "./media/media.store";
import { SendLimits } from "./messages/limits";
import { FaultTable } from "./sim/fault.table";
import { RequestLog } from "./sim/request.log";
import { SimClock, Timers } from "./state/sim.clock";
import { World } from "./state/world";
import { WorldFile } from "./state/world.file";
import { StatusCourier } from "./webhooks/status.courier";
import { defaultRetryMs, WebhookSender } from "./webhooks/webhook.sender";

export type {
  GraphLogEntry,
  GraphOptions,
  GraphServer,
  NumberOption,
  TemplateDefinition,
} from "./graph.options";

/**
 * Listens on 127.0.0.1 and resolves when it does.
 * @throws ZodError for malformed numbers; Error for a state file that cannot be used; the listen error (EADDRINUSE) for a taken port
 */
export async function startGraph(options: GraphOptions): Promise<GraphServer> {
  for (const number of options.numbers) numberOptionSchema.parse(number);
  let url = "";
  const world = new World(options);
  const file = options.mediaDir === undefined ? undefined : new WorldFile(options.mediaDir, world);
  file?.load();
  const graph = assemble(options, world, { address: () => url, changed: () => file?.touch() });
  const server = createServer((request, response) => {
    void serve(graph, request, response);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  url = `http://127.0.0.1:${port}`;
  graph.log({ event: "listening", url });
  return {
    url,
    port,
    setWebhookUrl(webhookUrl) {
      graph.world.app.webhookUrl = webhookUrl;
    },
    async stop() {
      const closed = server.listening ? once(server, "close") : Promise.resolve();
      server.close();
      graph.timers.cancelAll();
      await graph.webhooks.stop();
      server.closeAllConnections();
      await closed;
      graph.timers.cancelAll();
      file?.save();
    },
  };
}

function assemble(
  options: GraphOptions,
  world: World,
  { address, changed }: Pick<Graph, "address" | "changed">,
): Graph {
  const log = options.log ?? (() => {});
  const clock = new SimClock(options.now ?? (() => new Date()));
  const timers = new Timers();
  const webhooks = new WebhookSender(world, timers, options.webhookRetryMs ?? defaultRetryMs, log);
  return {
    world,
    clock,
    timers,
    webhooks,
    media: options.mediaDir === undefined ? memoryMediaStore() : folderMediaStore(options.mediaDir),
    limits: new SendLimits(world, clock),
    statuses: new StatusCourier(world, clock, timers, webhooks),
    faults: new FaultTable(),
    requests: new RequestLog(),
    changed,
    address,
    log,
  };
}

async function serve(graph: Graph, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answerExchange(graph, await readExchange(request), response);
  } catch (error) {
    // The caller went away in the middle of its request, or sent more than we read: there is nobody to answer.
    graph.log({ event: "connection-lost", error: error instanceof Error ? error.message : String(error) });
    response.destroy();
  }
}
