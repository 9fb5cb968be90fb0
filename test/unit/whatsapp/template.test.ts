import { templateComponents } from "../../../src/lib/whatsapp/template/fill.template";
import { renderTemplate } from "../../../src/lib/whatsapp/template/render.template";
import { readTemplateShape } from "../../../src/lib/whatsapp/template/template.shape";
import { invalidVariables, missingVariables } from "../../../src/lib/whatsapp/template/template.values";

const shapeOf = (components: unknown[], fields: { named?: boolean; category?: string } = {}) =>
  readTemplateShape({
    components,
    parameterFormat: fields.named ? "NAMED" : "POSITIONAL",
    category: fields.category ?? "UTILITY",
  });

test("positional variables count by number, wherever they stand, and a repeated one is one", () => {
  const shape = shapeOf([{ type: "body", text: "{{2}} for {{1}}, {{2}}!" }]);
  expect(shape.slots.map(({ key }) => key)).toEqual(["1", "2"]);
  expect(renderTemplate(shape, { "1": "Ana", "2": "Cake" }).body).toBe("Cake for Ana, Cake!");
  expect(templateComponents(shape, { "1": "Ana", "2": "Cake" })).toEqual([
    {
      type: "body",
      parameters: [
        { type: "text", text: "Ana" },
        { type: "text", text: "Cake" },
      ],
    },
  ]);
});

test("named variables carry their names to Meta", () => {
  const shape = shapeOf(
    [
      { type: "HEADER", format: "TEXT", text: "Hi {{who}}" },
      { type: "BODY", text: "{{who}}, {{what}}" },
    ],
    { named: true },
  );
  expect(missingVariables(shape, { who: "Ana" })).toEqual(["what"]);
  expect(templateComponents(shape, { who: "Ana", what: "x" })).toMatchObject([
    { type: "header", parameters: [{ parameter_name: "who", text: "Ana" }] },
    { type: "body", parameters: [{ parameter_name: "who" }, { parameter_name: "what" }] },
  ]);
});

test("a template without variables sends no components", () => {
  expect(templateComponents(shapeOf([{ type: "BODY", text: "Hello" }]), {})).toEqual([]);
});

test("a one-time code goes into body and button by one variable, even when Meta hides the text", () => {
  const shape = shapeOf(
    [
      { type: "BODY", add_security_recommendation: true },
      { type: "BUTTONS", buttons: [{ type: "OTP", otp_type: "COPY_CODE" }] },
    ],
    { category: "AUTHENTICATION" },
  );
  expect(missingVariables(shape, {})).toEqual(["1"]);
  expect(templateComponents(shape, { "1": "482913" })).toMatchObject([
    { type: "body", parameters: [{ text: "482913" }] },
    { type: "button", sub_type: "url", index: "0", parameters: [{ text: "482913" }] },
  ]);
});

test("values are data: braces, dollar signs and prototype names change nothing", () => {
  const shape = shapeOf([{ type: "BODY", text: "A {{1}} B {{2}}" }]);
  expect(renderTemplate(shape, { "1": "{{2}} $& $1", "2": "x" }).body).toBe("A {{2}} $& $1 B x");
  expect(missingVariables(shapeOf([{ type: "BODY", text: "{{constructor}}" }], { named: true }), {})).toEqual(
    ["constructor"],
  );
});

test("parts that cannot be filled are named, so that the template is refused", () => {
  const shape = shapeOf([
    { type: "HEADER", format: "HOLOGRAM" },
    { type: "BODY", text: "x" },
    { type: "CAROUSEL", cards: [{ components: [{ type: "TICKER" }] }] },
    { type: "BUTTONS", buttons: [{ type: "ORDER_DETAILS", text: "Pay" }] },
    "odd",
  ]);
  expect(shape.unsupported).toEqual(["UNREADABLE", "HEADER HOLOGRAM", "BUTTON ORDER_DETAILS", "TICKER"]);
});

describe("every place of a template is filled in Meta's own form", () => {
  const image = (mediaId: string) => ({ kind: "image" as const, mediaId, fileName: null });

  test("a carousel: each card its picture, its text and its buttons, by keys that begin with the card", () => {
    const card = {
      components: [
        { type: "HEADER", format: "IMAGE" },
        { type: "BODY", text: "For {{1}}" },
        {
          type: "BUTTONS",
          buttons: [
            { type: "QUICK_REPLY", text: "More" },
            { type: "URL", text: "Shop", url: "https://acme.example/{{1}}" },
          ],
        },
      ],
    };
    const shape = shapeOf([
      { type: "BODY", text: "Hi {{1}}" },
      { type: "CAROUSEL", cards: [card, card] },
    ]);
    expect(missingVariables(shape, {})).toEqual([
      "1",
      ...["header", "1", "button_1"].map((key) => `card_0_${key}`),
      ...["header", "1", "button_1"].map((key) => `card_1_${key}`),
    ]);
    const values = {
      "1": "Ana",
      card_0_header: "a".repeat(24),
      card_0_1: "you",
      card_0_button_0: "MORE",
      card_0_button_1: "blue",
      card_1_header: "b".repeat(24),
      card_1_1: "all",
      card_1_button_1: "red",
    };
    const media = new Map([
      ["card_0_header", image("11")],
      ["card_1_header", image("22")],
    ]);
    expect(templateComponents(shape, values, media)).toEqual([
      { type: "body", parameters: [{ type: "text", text: "Ana" }] },
      {
        type: "carousel",
        cards: [
          {
            card_index: 0,
            components: [
              { type: "header", parameters: [{ type: "image", image: { id: "11" } }] },
              { type: "body", parameters: [{ type: "text", text: "you" }] },
              {
                type: "button",
                sub_type: "quick_reply",
                index: "0",
                parameters: [{ type: "payload", payload: "MORE" }],
              },
              { type: "button", sub_type: "url", index: "1", parameters: [{ type: "text", text: "blue" }] },
            ],
          },
          {
            card_index: 1,
            components: [
              { type: "header", parameters: [{ type: "image", image: { id: "22" } }] },
              { type: "body", parameters: [{ type: "text", text: "all" }] },
              { type: "button", sub_type: "url", index: "1", parameters: [{ type: "text", text: "red" }] },
            ],
          },
        ],
      },
    ]);
    expect(renderTemplate(shape, values).cards.map(({ body }) => body)).toEqual(["For you", "For all"]);
  });

  test("a place, an offer that ends, a coupon, a flow and products", () => {
    const shape = shapeOf([
      { type: "HEADER", format: "LOCATION" },
      { type: "LIMITED_TIME_OFFER", limited_time_offer: { text: "Ends soon", has_expiration: true } },
      { type: "BODY", text: "x" },
      {
        type: "BUTTONS",
        buttons: [
          { type: "COPY_CODE", example: "SAVE10" },
          { type: "FLOW", text: "Book" },
          { type: "MPM", text: "View" },
          { type: "CATALOG", text: "All" },
        ],
      },
    ]);
    const values = {
      header_latitude: "-23.5",
      header_longitude: "-46.6",
      header_name: "Shop",
      header_address: "1 High Street",
      offer_expires_at: "2030-01-01T00:00:00.000Z",
      button_0: "SAVE10",
      button_1_data: '{"plan":"gold"}',
      button_2: "p1, p2",
    };
    expect(missingVariables(shape, values)).toEqual([]);
    expect(invalidVariables(shape, values, new Date())).toEqual([]);
    const parameters = templateComponents(shape, values).map((component) => component.parameters);
    expect(parameters).toEqual([
      [
        {
          type: "location",
          location: { latitude: -23.5, longitude: -46.6, name: "Shop", address: "1 High Street" },
        },
      ],
      [{ type: "limited_time_offer", limited_time_offer: { expiration_time_ms: 1_893_456_000_000 } }],
      [{ type: "coupon_code", coupon_code: "SAVE10" }],
      [{ type: "action", action: { flow_token: "unused", flow_action_data: { plan: "gold" } } }],
      [
        {
          type: "action",
          action: {
            thumbnail_product_retailer_id: "p1",
            sections: [
              {
                title: "Products",
                product_items: [{ product_retailer_id: "p1" }, { product_retailer_id: "p2" }],
              },
            ],
          },
        },
      ],
    ]);
  });

  test("a value of the wrong form or too long is named with what it must be", () => {
    const shape = shapeOf([
      { type: "HEADER", format: "TEXT", text: "For {{1}}" },
      { type: "LIMITED_TIME_OFFER", limited_time_offer: { text: "x", has_expiration: true } },
      { type: "BODY", text: "{{1}} and {{2}}." },
      { type: "BUTTONS", buttons: [{ type: "COPY_CODE", text: "Copy" }] },
    ]);
    const values = {
      header_1: "x".repeat(61),
      "1": "a",
      "2": "y".repeat(1_030),
      offer_expires_at: "2020-01-01T00:00:00.000Z",
      button_0: "c".repeat(21),
    };
    const problems = invalidVariables(shape, values, new Date());
    expect(Object.fromEntries(problems.map(({ key, detail }) => [key, detail]))).toEqual({
      header_1: expect.stringContaining("too long"),
      "2": expect.stringContaining("too long"),
      offer_expires_at: "must be a time to come",
      button_0: "must not be longer than 20 characters",
    });
  });
});
