import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  acme,
  ana,
  at,
  codeOf,
  type Harness,
  isStatus,
  other,
  startHarness,
  statusOf,
  textAt,
} from "./graph.harness";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: ana, text: "Hi" });
});
afterEach(() => harness.stop());

/** The smallest PNG: one white pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==",
  "base64",
);

/** The first page of an Ogg stream with an Opus head of so many channels: what a look at the type sees. */
function opus(channels: number): Buffer {
  const page = Buffer.from([...Buffer.from("OggS"), 0, 2, ...Buffer.alloc(20), 1, 19]);
  return Buffer.concat([page, Buffer.from("OpusHead"), Buffer.from([1, channels]), Buffer.alloc(9)]);
}

async function upload(bytes: Buffer, type: string, token = acme.token, product = "whatsapp") {
  const form = new FormData();
  form.set("messaging_product", product);
  form.set("type", type);
  form.set("file", new Blob([bytes], { type }), "file.bin");
  const response = await fetch(`${harness.graph.url}/v24.0/${acme.phoneNumberId}/media`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  const json: unknown = await response.json();
  return { status: response.status, json, headers: response.headers };
}

const lookUp = (id: string, token = acme.token) => harness.call("GET", `/v24.0/${id}`, undefined, token);
const download = (url: unknown, token: string | null = acme.token) =>
  fetch(String(url), { headers: token === null ? {} : { authorization: `Bearer ${token}` } });

async function failureOf(content: Record<string, unknown>) {
  expect((await harness.send(content)).status).toBe(200);
  const [status] = (await harness.webhooks(1, isStatus)).map(statusOf);
  return { status: at(status, "status"), code: at(status, "errors.0.code") };
}

test("an upload is looked up and comes back byte for byte, with its hash and size", async () => {
  const { json } = await upload(png, "image/png");
  const found = await lookUp(textAt(json, "id"));
  expect(found.json).toMatchObject({
    messaging_product: "whatsapp",
    mime_type: "image/png",
    file_size: png.length,
    sha256: createHash("sha256").update(png).digest("hex"),
  });
  const answer = await download(at(found.json, "url"));
  expect(answer.headers.get("content-type")).toBe("image/png");
  expect(Buffer.from(await answer.arrayBuffer()).equals(png)).toBe(true);
});

test("the link needs the bearer, dies after five minutes, and cannot be prolonged by hand", async () => {
  const { json } = await upload(png, "image/png");
  const id = textAt(json, "id");
  const url = textAt((await lookUp(id)).json, "url");
  expect((await download(url, null)).status).toBe(401);
  expect((await download(url, other.token)).status).toBe(404);
  const prolonged = new URL(url);
  prolonged.searchParams.set("ext", String(Number(prolonged.searchParams.get("ext")) + 3600));
  expect((await download(prolonged)).status).toBe(404);
  await harness.sim("/clock", { offsetMs: 299_000 });
  expect((await download(url)).status).toBe(200);
  await harness.sim("/clock", { offsetMs: 301_000 });
  expect((await download(url)).status).toBe(404);
  expect((await download(at((await lookUp(id)).json, "url"))).status).toBe(200);
});

test("uploads live 30 days, what a customer sent 7", async () => {
  const uploaded = textAt((await upload(png, "image/png")).json, "id");
  const sent = await harness.sim("/inbound", {
    phoneNumberId: acme.phoneNumberId,
    from: ana,
    type: "image",
    mediaBase64: png.toString("base64"),
    mimeType: "image/png",
  });
  const received = textAt(sent.json, "mediaId");
  const day = 24 * 3_600_000;
  await harness.sim("/clock", { offsetMs: 8 * day });
  expect(codeOf(await lookUp(received))).toBe(100);
  expect((await lookUp(uploaded)).status).toBe(200);
  await harness.sim("/clock", { offsetMs: 31 * day });
  expect(codeOf(await lookUp(uploaded))).toBe(100);
});

test("media belongs to its number: another token finds nothing, and a wrong phone_number_id neither", async () => {
  const id = textAt((await upload(png, "image/png")).json, "id");
  expect(codeOf(await lookUp(id, other.token))).toBe(100);
  expect(codeOf(await lookUp(`${id}?phone_number_id=${other.phoneNumberId}`))).toBe(100);
  expect((await lookUp(`${id}?phone_number_id=${acme.phoneNumberId}`)).status).toBe(200);
  const deleted = await harness.call("DELETE", `/v24.0/${id}`);
  expect(deleted.json).toEqual({ success: true });
  expect(codeOf(await lookUp(id))).toBe(100);
});

test("a photo that was put here first is in the webhook with id, type, base64 hash and link", async () => {
  const put = await fetch(`${harness.graph.url}/_sim/media?phoneNumberId=${acme.phoneNumberId}`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body: png,
  });
  const media: unknown = await put.json();
  await harness.sim("/inbound", {
    phoneNumberId: acme.phoneNumberId,
    from: ana,
    type: "image",
    mediaId: at(media, "id"),
    caption: "Me",
  });
  const image = at((await harness.webhooks(2))[1]?.json, "entry.0.changes.0.value.messages.0.image");
  expect(image).toMatchObject({
    id: at(media, "id"),
    mime_type: "image/png",
    caption: "Me",
    sha256: createHash("sha256").update(png).digest("base64"),
  });
  expect((await download(at(image, "url"))).status).toBe(200);
});

test.each([
  ["a type WhatsApp does not take", () => upload(png, "image/bmp"), 100],
  ["another product", () => upload(png, "image/png", acme.token, "messenger"), 100],
  ["nothing in the file", () => upload(Buffer.alloc(0), "image/png"), 131053],
  ["an image above 5 MB", () => upload(Buffer.alloc(5 * 1024 * 1024 + 1), "image/png"), 131053],
  ["Ogg that is not Opus", () => upload(Buffer.from("OggS, but no more"), "audio/ogg"), 131053],
  ["stereo Opus", () => upload(opus(2), "audio/ogg; codecs=opus"), 131053],
  ["an unknown token", () => upload(png, "image/png", "nobody"), 190],
])("an upload is refused: %s", async (_, tried, code) => {
  expect(codeOf(await tried())).toBe(code);
});

test("mono Opus is a voice note", async () => {
  const id = textAt((await upload(opus(1), "audio/ogg; codecs=opus")).json, "id");
  expect(await failureOf({ type: "audio", audio: { id, voice: true } })).toMatchObject({ status: "sent" });
});

test("what does not fit its kind, or is not what it says, fails later with 131053", async () => {
  const pictureId = textAt((await upload(png, "image/png")).json, "id");
  expect(await failureOf({ type: "video", video: { id: pictureId } })).toEqual({
    status: "failed",
    code: 131053,
  });
  const lieId = textAt((await upload(Buffer.from("not a picture"), "image/jpeg")).json, "id");
  await harness.send({ type: "image", image: { id: lieId } });
  const second = (await harness.webhooks(2, isStatus)).map(statusOf)[1];
  expect(at(second, "errors.0.error_data.details")).toContain("on processing it is of type");
});

test("with fetchLinks, a link that serves nothing fails with 131053", async () => {
  await harness.sim("/settings", { fetchLinks: true });
  const link = `${harness.graph.url}/nothing.png`;
  expect(await failureOf({ type: "image", image: { link } })).toEqual({ status: "failed", code: 131053 });
});

describe("with a folder", () => {
  let mediaDir: string;
  beforeEach(async () => {
    mediaDir = await mkdtemp(join(tmpdir(), "graph-media-"));
  });
  afterEach(() => rm(mediaDir, { recursive: true }));
  const mediaFiles = async () => (await readdir(mediaDir)).filter((file) => file.endsWith(".bin"));
  const sendDocument = (simulator: Harness) =>
    simulator.sim("/inbound", {
      phoneNumberId: acme.phoneNumberId,
      from: ana,
      type: "document",
      mediaBase64: Buffer.from("%PDF-1.4").toString("base64"),
      filename: "offer.pdf",
    });

  test("the bytes are files there until a reset", async () => {
    const simulator = await startHarness({ mediaDir });
    try {
      const id = textAt((await sendDocument(simulator)).json, "mediaId");
      expect(await mediaFiles()).toEqual([`${id}.bin`]);
      const { json } = await simulator.call("GET", `/v24.0/${id}`);
      expect(await (await download(at(json, "url"))).text()).toBe("%PDF-1.4");
      await simulator.sim("/reset", {});
      expect(await mediaFiles()).toEqual([]);
    } finally {
      await simulator.stop();
    }
  });

  test("a restart keeps windows, media, templates, subscriptions and what was accepted", async () => {
    const first = await startHarness({ mediaDir });
    const mediaId = textAt((await sendDocument(first)).json, "mediaId");
    await first.sim("/templates", { wabaId: acme.wabaId, name: "welcome", status: "PAUSED", silent: true });
    await first.call("DELETE", `/v24.0/${other.wabaId}/subscribed_apps`, undefined, other.token);
    const sent = await first.send({
      type: "text",
      text: { body: "Hello" },
      biz_opaque_callback_data: "msg:1",
    });
    await first.webhooks(3, isStatus);
    await first.stop();

    const second = await startHarness({ mediaDir });
    try {
      const { json } = await second.call("GET", `/v24.0/${mediaId}`);
      expect(await (await download(at(json, "url"))).text()).toBe("%PDF-1.4");
      const state = (await second.sim("/state")).json;
      expect(state).toMatchObject({
        messages: [{ wamid: textAt(sent.json, "messages.0.id"), callbackData: "msg:1" }],
      });
      expect(at(state, "wabas")).toContainEqual(
        expect.objectContaining({ wabaId: other.wabaId, subscribed: false }),
      );
      expect(at(state, "templates.0")).toMatchObject({ name: "welcome", status: "PAUSED" });
      await second.send({ type: "text", text: { body: "Still open" } });
      const [status] = (await second.webhooks(1, isStatus)).map(statusOf);
      expect(at(status, "status")).toBe("sent");
    } finally {
      await second.stop();
    }
  });

  test("a state that is not ours is refused in a sentence", async () => {
    await writeFile(join(mediaDir, "state.json"), "{}");
    await expect(startHarness({ mediaDir })).rejects.toThrow("Delete it to start anew");
  });
});
