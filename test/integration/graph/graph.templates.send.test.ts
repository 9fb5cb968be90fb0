import { acme, at, codeOf, type Harness, startHarness } from "./graph.harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.sim("/statuses", { steps: [] });
});
afterAll(() => harness.stop());

const text = (value: string) => ({ type: "text", text: value });
const named = (name: string, value: string) => ({ ...text(value), parameter_name: name });
const body = (...parameters: unknown[]) => ({ type: "body", parameters });
const button = (index: number, sub_type: string, parameter: unknown) => ({
  type: "button",
  sub_type,
  index: String(index),
  parameters: [parameter],
});

function template(name: string, components?: unknown[], language = "en_US") {
  return {
    type: "template",
    template: { name, language: { code: language }, ...(components ? { components } : {}) },
  };
}

const orderHeader = { type: "header", parameters: [text("A-17")] };
const orderBody = body(text("Ana"), text("A-17"));
const orderLink = button(1, "url", text("A-17"));

describe("what is accepted", () => {
  test.each([
    ["no variables", template("hello_world")],
    ["a named variable", template("welcome", [body(named("first_name", "Ana"))])],
    ["positional variables", template("appointment_reminder", [body(text("Ana"), text("Monday, 10:00"))])],
    [
      "a currency and a date as variables",
      template("appointment_reminder", [
        body(
          { type: "currency", currency: { fallback_value: "$10.00", code: "USD", amount_1000: 10_000 } },
          { type: "date_time", date_time: { fallback_value: "1 May 2026" } },
        ),
      ]),
    ],
    ["header, body and link", template("order_update", [orderHeader, orderBody, orderLink])],
    [
      "a payload for the quick reply too",
      template("order_update", [
        orderHeader,
        orderBody,
        button(0, "quick_reply", { type: "payload", payload: "THANKS" }),
        orderLink,
      ]),
    ],
    [
      "an image header by link",
      template("photo_offer", [
        { type: "header", parameters: [{ type: "image", image: { link: "https://acme.example/a.jpg" } }] },
        body(text("Ana")),
      ]),
    ],
    [
      "a one-time code, twice",
      template("login_code", [body(text("482913")), button(0, "url", text("482913"))]),
    ],
  ])("%s", async (_, content) => {
    const sent = await harness.send(content);
    expect(sent.json).toMatchObject({ messages: [{ message_status: "accepted" }] });
  });
});

describe("what is refused, with Meta's codes", () => {
  test.each([
    ["an unknown name", template("nobody"), 132001],
    ["another language", template("hello_world", undefined, "en"), 132001],
    ["a rejected template", template("old_notice", [body(text("Ana"))]), 132001],
    ["a paused template", template("paused_offer", [body(text("Ana"))]), 132015],
    ["a missing parameter", template("appointment_reminder", [body(text("Ana"))]), 132000],
    ["no components at all", template("welcome"), 132000],
    ["one parameter too many", template("hello_world", [body(text("Ana"))]), 132000],
    ["a missing header parameter", template("order_update", [orderBody, orderLink]), 132000],
    ["a positional parameter for a named template", template("welcome", [body(text("Ana"))]), 132012],
    ["a wrong name", template("welcome", [body(named("name", "Ana"))]), 132012],
    [
      "a name for a positional template",
      template("appointment_reminder", [body(named("1", "Ana"), text("x"))]),
      132012,
    ],
    ["an empty parameter", template("welcome", [body(named("first_name", ""))]), 131008],
    ["a newline in a parameter", template("welcome", [body(named("first_name", "A\nB"))]), 132018],
    ["five spaces in a parameter", template("welcome", [body(named("first_name", "A     B"))]), 132018],
    [
      "a rendered body above 1024",
      template("welcome", [body(named("first_name", "x".repeat(1024)))]),
      132005,
    ],
    ["a missing link parameter", template("order_update", [orderHeader, orderBody]), 131008],
    [
      "a link parameter at the wrong button",
      template("order_update", [orderHeader, orderBody, button(0, "url", text("x")), orderLink]),
      132018,
    ],
    [
      "a button that is not there",
      template("order_update", [orderHeader, orderBody, orderLink, button(7, "url", text("x"))]),
      132018,
    ],
    [
      "a parameter for the phone button",
      template("order_update", [orderHeader, orderBody, orderLink, button(2, "url", text("x"))]),
      132018,
    ],
    ["an image header left out", template("photo_offer", [body(text("Ana"))]), 132012],
    [
      "a text for an image header",
      template("photo_offer", [{ type: "header", parameters: [text("x")] }, body(text("Ana"))]),
      132012,
    ],
    [
      "an image parameter for a text",
      template("welcome", [
        body({ type: "image", parameter_name: "first_name", image: { link: "https://a.example/a" } }),
      ]),
      132012,
    ],
    [
      "a code of 16 characters",
      template("login_code", [body(text("482913")), button(0, "url", text("x".repeat(16)))]),
      132005,
    ],
    ["a component of an unknown type", template("hello_world", [{ type: "sidebar" }]), 100],
  ])("%s", async (_, content, code) => {
    const sent = await harness.send(content);
    expect(codeOf(sent)).toBe(code);
    expect(typeof at(sent.json, "error.error_data.details")).toBe("string");
  });

  test("a disabled template", async () => {
    await harness.sim("/templates", {
      wabaId: acme.wabaId,
      name: "hello_world",
      status: "DISABLED",
      silent: true,
    });
    expect(codeOf(await harness.send(template("hello_world")))).toBe(132016);
    await harness.sim("/templates", {
      wabaId: acme.wabaId,
      name: "hello_world",
      status: "APPROVED",
      silent: true,
    });
  });
});

describe("carousels and offers", () => {
  const card = (slug?: string, index = 0) => ({
    card_index: index,
    components: [
      { type: "header", parameters: [{ type: "image", image: { link: "https://acme.example/1.jpg" } }] },
      ...(slug === undefined ? [] : [button(0, "url", text(slug))]),
    ],
  });

  beforeAll(async () => {
    const cards = [1, 2].map(() => ({
      components: [
        { type: "HEADER", format: "IMAGE", example: { header_handle: ["4::x"] } },
        { type: "BODY", text: "A fine plant" },
        { type: "BUTTONS", buttons: [{ type: "URL", text: "Shop", url: "https://acme.example/{{1}}" }] },
      ],
    }));
    await harness.sim("/templates", {
      wabaId: acme.wabaId,
      name: "plants",
      category: "MARKETING",
      components: [
        { type: "BODY", text: "Hello {{1}}, look!" },
        { type: "CAROUSEL", cards },
      ],
    });
    await harness.sim("/templates", {
      wabaId: acme.wabaId,
      name: "soon_over",
      category: "MARKETING",
      components: [
        { type: "LIMITED_TIME_OFFER", limited_time_offer: { text: "Hurry", has_expiration: true } },
        { type: "BODY", text: "A good offer for you." },
        { type: "BUTTONS", buttons: [{ type: "COPY_CODE", example: "SAVE" }] },
      ],
    });
  });

  test("a carousel takes exactly its cards, each with what it needs", async () => {
    const carousel = (...cards: unknown[]) =>
      harness.send(template("plants", [body(text("Ana")), { type: "carousel", cards }]));
    expect((await carousel(card("a", 0), card("b", 1))).status).toBe(200);
    expect(codeOf(await carousel(card("a", 0)))).toBe(132000);
    expect(codeOf(await carousel(card("a", 0), card("b", 5)))).toBe(132018);
    expect(codeOf(await carousel(card("a", 0), card(undefined, 1)))).toBe(131008);
  });

  test("an expiring offer needs its time, and the code to copy", async () => {
    const offer = {
      type: "limited_time_offer",
      parameters: [
        { type: "limited_time_offer", limited_time_offer: { expiration_time_ms: 1_900_000_000_000 } },
      ],
    };
    const code = button(0, "copy_code", { type: "coupon_code", coupon_code: "SAVE10" });
    expect((await harness.send(template("soon_over", [offer, code]))).status).toBe(200);
    expect(codeOf(await harness.send(template("soon_over", [code])))).toBe(131008);
    expect(codeOf(await harness.send(template("soon_over", [offer])))).toBe(131008);
  });
});
