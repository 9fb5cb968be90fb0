import { acme, ana, at, codeOf, type Harness, other, startHarness, wamidOf } from "./graph.harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.sim("/statuses", { steps: [] });
});
afterAll(() => harness.stop());

const text = (body: unknown, more: Record<string, unknown> = {}) => ({
  type: "text",
  text: { body, ...more },
});
const interactive = (content: Record<string, unknown>) => ({
  type: "interactive",
  interactive: { body: { text: "Choose" }, ...content },
});
const button = (id: string, title: string) => ({ type: "reply", reply: { id, title } });
const buttons = (...list: unknown[]) => interactive({ type: "button", action: { buttons: list } });
const list = (rows: number, button = "Open") =>
  interactive({
    type: "list",
    action: {
      button,
      sections: [
        { title: "All", rows: Array.from({ length: rows }, (_, n) => ({ id: `r${n}`, title: `Row ${n}` })) },
      ],
    },
  });

describe("what is accepted", () => {
  test("a text answers with the id, the input as written and the WhatsApp id", async () => {
    const sent = await harness.send(text("Hello"), "+44 7700 900123");
    expect(sent.status).toBe(200);
    expect(at(sent.json, "contacts.0")).toEqual({ input: "+44 7700 900123", wa_id: ana });
    expect(wamidOf(sent)).toMatch(/^wamid\.[A-Za-z0-9+/]+=*$/);
  });

  test.each([
    ["4096 characters, counted as people count them", text("👍".repeat(4096))],
    ["a reply", { ...text("Yes"), context: { message_id: "wamid.X" } }],
    ["a location", { type: "location", location: { latitude: -23.5, longitude: -46.6, name: "Office" } }],
    ["a contact", { type: "contacts", contacts: [{ name: { formatted_name: "Ana K", first_name: "Ana" } }] }],
    ["three buttons", buttons(button("a", "A"), button("b", "B"), button("c", "C"))],
    ["a list of ten rows", list(10)],
    [
      "a call to action",
      interactive({
        type: "cta_url",
        action: { name: "cta_url", parameters: { display_text: "Open", url: "https://acme.example/" } },
      }),
    ],
    [
      "a flow",
      interactive({
        type: "flow",
        action: { name: "flow", parameters: { flow_message_version: "3", flow_id: "1", flow_cta: "Start" } },
      }),
    ],
    [
      "a request for the location",
      interactive({ type: "location_request_message", action: { name: "send_location" } }),
    ],
    ["an image by link", { type: "image", image: { link: "https://acme.example/a.jpg", caption: "A" } }],
  ])("%s", async (_, content) => {
    expect(await harness.send(content)).toMatchObject({ status: 200 });
  });

  test("a Brazilian who wrote without the ninth digit is reached by both forms", async () => {
    await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from: "551187654321", text: "Oi" });
    const sent = await harness.send(text("Oi"), "+5511987654321");
    expect(at(sent.json, "contacts.0.wa_id")).toBe("551187654321");
  });

  test("without a plus the business number's country code is put in front", async () => {
    const sent = await harness.send(text("Hello"), "7700900123");
    expect(at(sent.json, "contacts.0.wa_id")).toBe("17700900123");
  });

  test("a user id reaches its person and the answer shows no phone", async () => {
    const { json } = await harness.sim("/users", { phone: "4915112345678" });
    const userId = at(json, "userId");
    const sent = await harness.call("POST", `/v24.0/${acme.phoneNumberId}/messages`, {
      messaging_product: "whatsapp",
      recipient: userId,
      ...text("Hallo"),
    });
    expect(at(sent.json, "contacts.0")).toEqual({ input: userId, user_id: userId });
  });
});

describe("what is refused, with Meta's codes", () => {
  test.each([
    ["an empty text", text(""), 100],
    ["4097 characters", text("x".repeat(4097)), 100],
    ["a text without a body", { type: "text", text: {} }, 131008],
    ["nothing under the type", { type: "text" }, 131008],
    ["an unknown key inside", text("Hi", { color: "red" }), 100],
    ["an unknown key beside", { ...text("Hi"), colour: "red" }, 100],
    ["an unknown type", { type: "telegram", telegram: {} }, 100],
    ["callback data above 512 characters", { ...text("Hi"), biz_opaque_callback_data: "x".repeat(513) }, 100],
    ["four buttons", buttons(button("a", "A"), button("b", "B"), button("c", "C"), button("d", "D")), 131009],
    ["two buttons of one title", buttons(button("a", "A"), button("b", "A")), 131009],
    ["a button title of 21 characters", buttons(button("a", "x".repeat(21))), 131009],
    ["a list of eleven rows", list(11), 131009],
    ["a list with a long button", list(1, "x".repeat(21)), 131009],
    ["an interactive message of an unknown kind", interactive({ type: "wheel" }), 131009],
    ["a latitude of 91", { type: "location", location: { latitude: 91, longitude: 0 } }, 100],
    [
      "a contact with one name only",
      { type: "contacts", contacts: [{ name: { formatted_name: "Ana" } }] },
      100,
    ],
    ["media by id and by link", { type: "image", image: { id: "1", link: "https://a.example/a.jpg" } }, 100],
    ["media by neither", { type: "image", image: {} }, 131008],
    ["an unknown media id", { type: "image", image: { id: "123" } }, 131009],
    ["a link that is no address", { type: "image", image: { link: "a.jpg" } }, 131009],
    ["a caption on audio", { type: "audio", audio: { id: "1", caption: "x" } }, 100],
  ])("%s", async (_, content, code) => {
    const sent = await harness.send(content);
    expect(codeOf(sent)).toBe(code);
    expect(sent.status).toBe(400);
    expect(typeof at(sent.json, "error.error_data.details")).toBe("string");
    expect(typeof at(sent.json, "error.fbtrace_id")).toBe("string");
  });

  test("no recipient, oneself as recipient, letters as recipient", async () => {
    const path = `/v24.0/${acme.phoneNumberId}/messages`;
    expect(codeOf(await harness.call("POST", path, { messaging_product: "whatsapp", ...text("Hi") }))).toBe(
      100,
    );
    expect(codeOf(await harness.send(text("Hi"), acme.displayPhoneNumber))).toBe(131021);
    expect(codeOf(await harness.send(text("Hi"), "Ana"))).toBe(100);
  });

  test("another product, broken JSON and a list instead of an object", async () => {
    const path = `/v24.0/${acme.phoneNumberId}/messages`;
    expect(codeOf(await harness.call("POST", path, { to: `+${ana}`, ...text("Hi") }))).toBe(131008);
    expect(codeOf(await harness.call("POST", path, [1]))).toBe(100);
    const broken = await fetch(`${harness.graph.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${acme.token}` },
      body: "{",
    });
    expect(broken.status).toBe(400);
  });

  test("a number that was deregistered sends nothing until it is registered again", async () => {
    await harness.call("POST", `/v24.0/${acme.phoneNumberId}/deregister`, {});
    expect(codeOf(await harness.send(text("Hi")))).toBe(133010);
    await harness.call("POST", `/v24.0/${acme.phoneNumberId}/register`, {
      messaging_product: "whatsapp",
      pin: "123456",
    });
    expect(await harness.send(text("Hi"))).toMatchObject({ status: 200 });
  });

  test("what a group cannot be sent", async () => {
    const sent = await harness.send({ recipient_type: "group", ...buttons(button("a", "A")) }, "group-1");
    expect(codeOf(sent)).toBe(130501);
    expect(await harness.send({ recipient_type: "group", ...text("Hi") }, "group-1")).toMatchObject({
      status: 200,
    });
  });
});

describe("read and typing", () => {
  test("a known message is marked as read together with the earlier ones of its sender", async () => {
    const from = "447700900456";
    const write = async (timestamp: number) =>
      at(
        (await harness.sim("/inbound", { phoneNumberId: acme.phoneNumberId, from, text: "Hi", timestamp }))
          .json,
        "wamid",
      );
    const now = Math.floor(Date.now() / 1000);
    const first = await write(now - 20);
    const second = await write(now - 10);
    const read = await harness.call("POST", `/v24.0/${acme.phoneNumberId}/messages`, {
      messaging_product: "whatsapp",
      status: "read",
      message_id: second,
      typing_indicator: { type: "text" },
    });
    expect(read.json).toEqual({ success: true });
    const { json } = await harness.sim("/state");
    const inbound = at(json, "inbound");
    expect(inbound).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ wamid: first, readAt: expect.any(String) }),
        expect.objectContaining({ wamid: second, readAt: expect.any(String) }),
      ]),
    );
  });

  test("an unknown message, and another number's, is 131009", async () => {
    const { json } = await harness.sim("/inbound", {
      phoneNumberId: other.phoneNumberId,
      from: ana,
      text: "Hi",
    });
    for (const message_id of ["wamid.nobody", at(json, "wamid")]) {
      const read = await harness.call("POST", `/v24.0/${acme.phoneNumberId}/messages`, {
        messaging_product: "whatsapp",
        status: "read",
        message_id,
      });
      expect(codeOf(read)).toBe(131009);
    }
  });
});

describe("limits", () => {
  afterEach(() => harness.sim("/settings", { pairLimit: false, throughputPerSecond: false }));

  test("the pair limit holds back one recipient and no other", async () => {
    await harness.sim("/settings", { pairLimit: { everyMs: 60_000, burst: 2 } });
    const to = "+447700900777";
    expect((await harness.send(text("1"), to)).status).toBe(200);
    expect((await harness.send(text("2"), to)).status).toBe(200);
    expect(codeOf(await harness.send(text("3"), to))).toBe(131056);
    expect((await harness.send(text("1"), "+447700900778")).status).toBe(200);
    await harness.sim("/clock", { offsetMs: 61_000 });
    expect((await harness.send(text("3"), to)).status).toBe(200);
    await harness.sim("/clock", { offsetMs: 0 });
  });

  test("the throughput of a number ends in 130429 with HTTP 429", async () => {
    await harness.sim("/clock", { offsetMs: 120_000 });
    await harness.sim("/settings", { throughputPerSecond: 3 });
    const sent = await Promise.all(
      Array.from({ length: 5 }, (_, n) => harness.send(text("x"), `+44770090${String(1000 + n)}`)),
    );
    expect(sent.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 200, 429, 429]);
    expect(sent.filter(({ status }) => status === 429).map(codeOf)).toEqual([130429, 130429]);
  });
});
