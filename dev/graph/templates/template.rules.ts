/** What a template must look like to be created. Source: https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { partsOf, type TemplateButton, type TemplateParts } from "./template.parts";
import { variablesOf } from "./template.text";

const limits = { header: 60, body: 1024, footer: 60, button: 25, url: 2000, phone: 20 };
const knownTypes = [
  "HEADER",
  "BODY",
  "FOOTER",
  "BUTTONS",
  "CAROUSEL",
  "LIMITED_TIME_OFFER",
  "CALL_PERMISSION_REQUEST",
];
const formats = ["TEXT", "IMAGE", "VIDEO", "GIF", "DOCUMENT", "LOCATION", "PRODUCT"];
/** Meta asks for enough words around the variables: more than this many words per variable, plus one. */
const wordsPerVariable = 2;

const componentsSchema = z
  .array(z.looseObject({ type: z.string().refine((type) => knownTypes.includes(type.toUpperCase())) }))
  .min(1);

/** An error of template management: Meta's subcode and its texts for the user. */
export function templateError(subcode: number, title: string, message: string): GraphError {
  return new GraphError(100, {
    message: "Invalid parameter",
    details: message,
    subcode,
    userTitle: title,
    userMessage: message,
  });
}

/** @throws GraphError 100 with the subcode Meta gives: 2388040 too long, 2388047 / 72 / 73 format, 2388293 / 2388299 variables */
export function checkComponentsForCreation(components: unknown, format: "POSITIONAL" | "NAMED"): unknown[] {
  const parsed = componentsSchema.safeParse(components);
  if (!parsed.success) {
    throw new GraphError(100, { details: "Param components must be a list of known components" });
  }
  const parts = partsOf(parsed.data);
  if (parts.body === "") throw templateError(2388043, "Missing body", "A template needs a BODY component.");
  checkParts(parts, format);
  checkCards(parts.cards, format);
  return parsed.data;
}

/** A carousel has 2 to 10 cards, each with a picture or film on top, and all of one build. */
function checkCards(cards: TemplateParts[], format: "POSITIONAL" | "NAMED"): void {
  if (cards.length === 0) return;
  const wrong = (message: string) => templateError(2388047, "Carousel format", message);
  if (cards.length < 2 || cards.length > 10) throw wrong("A carousel has 2 to 10 cards.");
  const build = ({ header, buttons }: TemplateParts) =>
    [header?.format, ...buttons.map(({ type }) => type)].join();
  const [first] = cards;
  for (const card of cards) {
    if (!["IMAGE", "VIDEO", "PRODUCT"].includes(card.header?.format ?? ""))
      throw wrong("Every card needs a header of IMAGE or VIDEO.");
    if (first && build(card) !== build(first))
      throw wrong("All cards must have the same kind of header and the same buttons.");
    checkParts(card, format);
  }
}

function checkParts(parts: TemplateParts, format: "POSITIONAL" | "NAMED"): void {
  checkHeader(parts.header, format);
  checkBody(parts.body, format);
  checkExamples(parts);
  checkLength("footer", parts.footer ?? "", limits.footer);
  if (variablesOf(parts.footer ?? "").length > 0) {
    throw templateError(2388073, "Footer format", "The footer cannot have variables.");
  }
  checkButtons(parts.buttons);
}

function checkHeader(header: TemplateParts["header"], format: "POSITIONAL" | "NAMED"): void {
  if (!header) return;
  if (!formats.includes(header.format)) {
    throw templateError(2388047, "Header format", `The header format must be one of ${formats.join(", ")}.`);
  }
  if (header.format !== "TEXT") return;
  if (header.text === "") throw templateError(2388047, "Header format", "A TEXT header needs a text.");
  checkLength("header", header.text, limits.header);
  if (variablesOf(header.text).length > 1) {
    throw templateError(2388047, "Header format", "The header can have one variable only.");
  }
  checkVariableNames(header.text, format);
}

function checkBody(body: string, format: "POSITIONAL" | "NAMED"): void {
  const text = body.trim();
  checkLength("body", text, limits.body);
  checkVariableNames(text, format);
  const variables = variablesOf(text);
  if (variables.length === 0 || text.includes("is your verification code")) return;
  if (/^\{\{[^}]+\}\}|\{\{[^}]+\}\}$/.test(text)) {
    throw templateError(2388299, "Variables", "Variables cannot be at the start or the end of the template.");
  }
  const words = text
    .replace(/\{\{[^}]+\}\}/g, " ")
    .split(/\s+/)
    .filter((word) => /\p{L}|\p{N}/u.test(word)).length;
  if (words < variables.length * wordsPerVariable + 1) {
    throw templateError(
      2388293,
      "Variables",
      "This template has too many variables for its length. Use fewer variables or more words.",
    );
  }
}

/** Reviewers need to see what will stand in the variables, and which kind of picture. */
function checkExamples({ header, body, bodyHasExample }: TemplateParts): void {
  const missing = (place: string) =>
    templateError(2388043, "Missing example", `Component ${place} is missing expected field(s) (example).`);
  if (variablesOf(body).length > 0 && !bodyHasExample) throw missing("BODY");
  if (!header || header.hasExample) return;
  const isMedia = ["IMAGE", "VIDEO", "GIF", "DOCUMENT"].includes(header.format);
  if (isMedia || variablesOf(header.text).length > 0) throw missing("HEADER");
}

/** Positional variables count 1, 2, 3...; named ones are lower case with underscores. */
function checkVariableNames(text: string, format: "POSITIONAL" | "NAMED"): void {
  if (/\}\}\{\{/.test(text)) {
    throw templateError(2388072, "Variables", "Variables cannot stand directly beside each other.");
  }
  const names = variablesOf(text);
  const right =
    format === "NAMED"
      ? names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))
      : [...names].sort((a, b) => Number(a) - Number(b)).every((name, index) => name === String(index + 1));
  if (!right) {
    throw templateError(
      2388072,
      "Variables",
      format === "NAMED"
        ? "Named variables must be lower case letters, digits and underscores."
        : "Positional variables must be {{1}}, {{2}}... without gaps.",
    );
  }
}

function checkButtons(buttons: TemplateButton[]): void {
  const wrong = (message: string) => templateError(2388073, "Buttons", message);
  if (buttons.length > 10) throw wrong("A template can have 10 buttons at most.");
  const count = (type: string) => buttons.filter((button) => button.type === type).length;
  if (count("URL") > 2) throw wrong("A template can have 2 URL buttons at most.");
  if (count("PHONE_NUMBER") > 1) throw wrong("A template can have one phone number button.");
  if (count("COPY_CODE") > 1) throw wrong("A template can have one copy code button.");
  const places = buttons.flatMap((button, index) => (button.type === "QUICK_REPLY" ? [index] : []));
  const first = places[0] ?? 0;
  if (places.some((place, nth) => place !== first + nth)) throw wrong("Quick replies must stand together.");
  for (const button of buttons) {
    checkLength("button text", button.text ?? "", limits.button);
    if (button.type === "PHONE_NUMBER" && !button.phone_number)
      throw wrong("A phone number button needs a phone_number.");
    if (button.type === "URL" && !button.url) throw wrong("A URL button needs a url.");
    checkLength("phone number", button.phone_number ?? "", limits.phone);
    checkUrl(button.url ?? "", wrong);
  }
}

function checkUrl(url: string, wrong: (message: string) => GraphError): void {
  checkLength("button url", url, limits.url);
  const variables = variablesOf(url);
  if (variables.length > 1 || (variables.length === 1 && !url.endsWith("{{1}}"))) {
    throw wrong("A button's url can have one variable, {{1}}, at its end.");
  }
}

function checkLength(place: string, text: string, limit: number): void {
  if ([...text].length <= limit) return;
  throw templateError(2388040, "Too long", `The ${place} can have ${limit} characters at most.`);
}
