import {
  missingVariables,
  renderTemplate,
  templateComponents,
} from "../../../src/lib/whatsapp/template/fill.template";
import { readTemplateShape } from "../../../src/lib/whatsapp/template/template.shape";

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
  expect(templateComponents(shape, { "1": "Ana", "2": "Cake" }, null)).toEqual([
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
  expect(templateComponents(shape, { who: "Ana", what: "x" }, null)).toMatchObject([
    { type: "header", parameters: [{ parameter_name: "who", text: "Ana" }] },
    { type: "body", parameters: [{ parameter_name: "who" }, { parameter_name: "what" }] },
  ]);
});

test("a template without variables sends no components", () => {
  expect(templateComponents(shapeOf([{ type: "BODY", text: "Hello" }]), {}, null)).toEqual([]);
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
  expect(templateComponents(shape, { "1": "482913" }, null)).toMatchObject([
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
    { type: "HEADER", format: "LOCATION" },
    { type: "BODY", text: "x" },
    { type: "CAROUSEL", cards: [] },
    { type: "BUTTONS", buttons: [{ type: "CATALOG", text: "Shop" }] },
    "odd",
  ]);
  expect(shape.unsupported).toEqual(["CAROUSEL", "UNREADABLE", "HEADER LOCATION", "BUTTON CATALOG"]);
});
