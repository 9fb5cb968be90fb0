import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { messageSchema } from "../../../src/contracts/message.contract";
import { processEnvironment } from "../../../src/lib/env/env";
import { type Lead, messageWhere, type Story } from "../story";
import { DemoFailure, expectSame } from "../transcript";

const requestsSchema = z.object({
  requests: z.array(
    z.object({
      body: z.object({ biz_opaque_callback_data: z.string().optional() }),
      answer: z
        .object({ messages: z.array(z.object({ id: z.string() })) })
        .optional()
        .catch(undefined),
    }),
  ),
});

/** Other runners notice a pause within a second. */
const pauseMs = 1_200;

/** A worker is killed between Meta's acceptance and its own record: not lost, not sent twice, settled by the status. */
export async function crash(story: Story, lead: Lead): Promise<void> {
  const { say, api, admin, world, customer } = story;
  say.chapter("A worker dies in the middle of sending");
  const to = `+${customer.phone}`;
  const sends = { type: "whatsapp.send" };
  let id = "";
  await say.step("killed (SIGKILL) when Meta had the message and we had not noted it", async () => {
    // The other workers hold still, and Meta keeps its statuses back, so that it can be seen.
    await admin.post("/queues/crm/pause", sends, z.looseObject({}));
    await world.sim("/statuses", { to, steps: [] }, z.looseObject({}));
    await sleep(pauseMs);
    const text = { kind: "text", text: "See you on Thursday!" };
    ({ id } = await api.post(`/leads/${lead.id}/messages`, text, messageSchema));
    expectSame("how the worker ended", await dyingWorker(story, id), "SIGKILL");
    return `message ${id}, accepted by Meta ${(await acceptedIds(story, id)).length} time(s)`;
  });
  await say.step("the next worker does not send it again: its fate is unknown", async () => {
    await admin.post("/queues/crm/resume", sends, z.looseObject({}));
    await world.drain();
    await messageWhere(
      story,
      lead,
      "the message to be unknown",
      (each) => each.id === id && each.status === "unknown",
    );
    expectSame("times that Meta accepted it", (await acceptedIds(story, id)).length, 1);
    return `message ${id} is unknown; Meta has it once`;
  });
  await say.step("until its status comes", async () => {
    const [wamid] = await acceptedIds(story, id);
    if (wamid === undefined) throw new DemoFailure("Meta does not know the message");
    await world.sim("/statuses/send", { wamid, status: "delivered" }, z.looseObject({}));
    const settled = await messageWhere(
      story,
      lead,
      "the message to be settled",
      (each) => each.id === id && each.status === "delivered",
    );
    expectSame("Meta's id", settled.providerMessageId, wamid);
    await world.sim("/statuses", { to, steps: statusesAgain }, z.looseObject({}));
    return `message ${id} is ${settled.status}`;
  });
}

/** As the fake Meta sends them by itself. */
const statusesAgain = [
  { status: "sent", afterMs: 50 },
  { status: "delivered", afterMs: 120 },
  { status: "read", afterMs: 200 },
];

/** Meta's ids of what it accepted for one of our messages. */
async function acceptedIds({ world }: Story, id: string): Promise<string[]> {
  const { requests } = await world.simState("/requests?method=POST&path=/messages", requestsSchema);
  const ours = requests.filter(({ body }) => body.biz_opaque_callback_data === id);
  return ours.flatMap(({ answer }) => answer?.messages.map((message) => message.id) ?? []);
}

/** @returns the signal that ended it, or its exit code. */
async function dyingWorker({ tenant, settings }: Story, messageId: string): Promise<unknown> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "dev/demo/dying.worker.ts", tenant.clientCode, messageId],
    {
      env: processEnvironment({ ...settings, FAILPOINT: "after-send-accepted" }),
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const [code, signal]: unknown[] = await once(child, "exit");
  return signal ?? code;
}
