/** `npm run replay` against a stack: signed payloads go in, and what became of each is told. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { parseOptions, type ReplayOptions } from "../../../dev/replay/command.options";
import { planDeliveries } from "../../../dev/replay/plan.deliveries";
import { readPayloads } from "../../../dev/replay/read.payloads";
import { runReplay } from "../../../dev/replay/run.replay";
import { writeStack } from "../../../dev/stack/stack.file";
import { pageSchema } from "../../../src/contracts/common.contract";
import { webhookEventViewSchema } from "../../../src/contracts/webhook.event.contract";
import { mountExpress } from "../../../src/lib/http/mount.express";
import { adminJobRoutes } from "../../../src/routes/admin/jobs.routes";
import { adminWebhookRoutes } from "../../../src/routes/admin/webhooks.routes";
import { localRoutes } from "../../../src/routes/local.routes";
import { whatsappWebhookRoutes } from "../../../src/routes/whatsapp.webhook.routes";
import { createAdminKey } from "../../../src/services/clients/admin.key.service";
import { ApiClient, lambdaTransport } from "../../builders/api.client";
import { platformContext } from "../../builders/client.builder";
import {
  contactOf,
  customerMessage,
  numberOf,
  startWhatsApp,
  type WhatsAppStack,
  type WhatsAppTenant,
  webhookBody,
  whatsappTenant,
} from "../whatsapp/whatsapp.stack";

const dispatch = async () => undefined;
let stack: WhatsAppStack;
let tenant: WhatsAppTenant;
let admin: ApiClient;
let server: Server;
let folder: string;

beforeAll(async () => {
  stack = await startWhatsApp([numberOf(1)]);
  tenant = await whatsappTenant(stack, numberOf(1));
  const { key } = await createAdminKey(platformContext(), { name: "anna" });
  const routes = [
    ...whatsappWebhookRoutes,
    ...adminWebhookRoutes,
    ...adminJobRoutes,
    ...localRoutes(dispatch),
  ];
  admin = new ApiClient(lambdaTransport(routes), { "x-admin-key": key });
  const app = express();
  mountExpress(app, routes, { dispatch });
  server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  folder = await mkdtemp(join(tmpdir(), "ecod-replay-"));
  await writeStack(folder, {
    pid: process.pid,
    apiUrl: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    graphUrl: stack.graph.url,
    mongoUri: "mongodb://127.0.0.1",
    mongoSource: "uri",
    adminKey: key,
    meta: { appSecret: "test-app-secret", verifyToken: "test-verify-token" },
    tenants: [{ clientCode: tenant.ctx.clientCode, apiKey: "unused", ...numberOf(1) }],
  });
  await writePayloads();
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
  await stack.close();
});

/** One of everything that can become of a payload, in the wrappings people keep them in. */
async function writePayloads(): Promise<void> {
  const from = "447700907001";
  const text = webhookBody(numberOf(1), {
    contacts: [contactOf(from, "José")],
    messages: [customerMessage(from, { id: "wamid.replayed" })],
  });
  const status = { id: "wamid.nobodys", status: "delivered", timestamp: "1780000000", recipient_id: from };
  const stranger = webhookBody(numberOf(8), { messages: [customerMessage(from)] });
  const files: Record<string, unknown> = {
    "text.json": text,
    "status.in.a.lambda.event.json": {
      isBase64Encoded: true,
      body: Buffer.from(JSON.stringify(webhookBody(numberOf(1), { statuses: [status] }))).toString("base64"),
    },
    "change.json": { field: "tomorrows_field", value: { news: true } },
    "stranger.list.json": [stranger, stranger],
    "nothing.json": { object: "whatsapp_business_account", entry: [] },
    "odd.json": { object: "whatsapp_business_account", entry: "none" },
  };
  for (const [name, body] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(body));
  await writeFile(join(folder, "broken.json"), "{");
}

async function replay(options: Partial<ReplayOptions> = {}): Promise<{ code: number; lines: string[] }> {
  const parsed = parseOptions([folder, "--stack", folder]);
  if (!parsed) throw new Error("Help was not asked for.");
  const lines: string[] = [];
  const code = await runReplay({ ...parsed, ...options }, (line) => lines.push(line));
  return { code, lines };
}

const lineOf = (lines: readonly string[], name: string) => lines.find((line) => line.startsWith(name));

test("what became of each payload is told with its reason, in any order and number", async () => {
  const { code, lines } = await replay({ shuffle: true, repeat: 3, seed: 5, batch: 4 });
  expect(lineOf(lines, "text.json")).toMatch(/3x.*processed/);
  expect(lineOf(lines, "status.in")).toMatch(/waiting .*Its message is not known here yet/);
  expect(lineOf(lines, "change.json")).toMatch(/quarantined +no tenant has this number or account/);
  expect(lineOf(lines, "stranger.list.json#2")).toMatch(/quarantined/);
  expect(lineOf(lines, "nothing.json")).toMatch(/empty/);
  expect(lineOf(lines, "odd.json")).toMatch(/quarantined +it does not have a webhook's shape/);
  expect(lineOf(lines, "broken.json")).toMatch(/quarantined/);
  expect(lines).toContain("Dead jobs: 0.");
  expect(code).toBe(0);
  expect(await tenant.models.Message.countDocuments({ "provider.messageId": "wamid.replayed" })).toBe(1);
});

test("payloads of strangers are processed as if they had come for a tenant of the stack", async () => {
  const { code, lines } = await replay({ as: tenant.ctx.clientCode });
  expect(lineOf(lines, "stranger.list.json#1")).toMatch(/processed/);
  expect(lineOf(lines, "change.json")).toMatch(/ignored .*kept raw/);
  expect(code).toBe(0);
  await expect(replay({ as: "nobody" })).rejects.toThrow("The stack has no tenant nobody. It has:");
});

test("the platform team finds a message and its statuses by Meta's id, without the person", async () => {
  const clientCode = tenant.ctx.clientCode;
  const list = async (query: string) =>
    (await admin.get(`/api/admin/webhook-events?clientCode=${clientCode}&${query}`)).as(
      pageSchema(webhookEventViewSchema),
    ).data;
  const [status] = await list("messageId=wamid.nobodys");
  expect(status).toMatchObject({ key: "s:wamid.nobodys:delivered", state: "received", kind: "status" });
  const [message] = await list("messageId=wamid.replayed&state=processed");
  expect(message).toMatchObject({ key: `m:${numberOf(1).phoneNumberId}:wamid.replayed`, reason: null });
  const ignored = await list("state=ignored&limit=5");
  expect(ignored.map(({ field }) => field)).toEqual(["tomorrows_field"]);
  expect((await admin.get("/api/admin/webhook-events?clientCode=nobody")).status).toBe(404);
  expect((await admin.get("/api/admin/webhook-events")).status).toBe(400);
});

test("the same seed gives the same plan, and every payload as often as was asked for", async () => {
  const payloads = await readPayloads([folder]);
  const plan = (seed: number) =>
    planDeliveries(payloads, { shuffle: true, repeat: 4, batch: 5, seed }).map((each) =>
      each.payloads.map(({ name }) => name),
    );
  expect(plan(3)).toEqual(plan(3));
  expect(plan(3)).not.toEqual(plan(4));
  expect(plan(3).flat()).toHaveLength(payloads.length * 4);
});

test("a command that cannot be followed is refused in a sentence", () => {
  expect(() => parseOptions([])).toThrow("replay needs at least one file or folder");
  expect(() => parseOptions(["f", "--repeat", "0"])).toThrow("--repeat");
  expect(() => parseOptions(["f", "--nonsense"])).toThrow("--nonsense");
  expect(parseOptions(["--help"])).toBeNull();
});
