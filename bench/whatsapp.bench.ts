/** WhatsApp in and out: webhooks taken in, messages stored, messages sent to a fake Meta. */
import { startGraph } from "../dev/graph/start.graph";
import { adoptEnvironment } from "../src/lib/env/env";
import type { Report } from "./figure";
import { benchNumber } from "./whatsapp.number";

export async function run(): Promise<Report> {
  const graph = await startGraph({
    appSecret: "bench-app-secret",
    verifyToken: "bench-verify-token",
    numbers: [benchNumber],
  });
  try {
    adoptEnvironment({ GRAPH_BASE_URL: graph.url });
    // Loaded only now: they read the environment.
    const { measureIngest } = await import("./whatsapp.ingest");
    const { measureFlow } = await import("./whatsapp.flow");
    return {
      figures: [...(await measureIngest()), ...(await measureFlow(graph.url))],
      notes: ["The fake Meta runs in the same process as the worker that sends to it."],
    };
  } finally {
    await graph.stop();
  }
}
