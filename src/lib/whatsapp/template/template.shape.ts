/** What a template wants filled in, read from its components. Pure. */
import {
  type TemplateComponent,
  templateComponentSchema,
} from "../../../contracts/template.component.contract";

export interface TemplateSource {
  readonly components: readonly unknown[];
  readonly parameterFormat: "POSITIONAL" | "NAMED";
  readonly category: string;
}

/** One place to fill. Two places may share a key: a name used twice, or a one-time code in body and button. */
export interface TemplateSlot {
  /** `1`, `2` or a name in the body, `header_1` or a name in the header, `button_<index>` for buttons. */
  readonly key: string;
  readonly place: "header" | "body" | "button";
  /** The placeholder without braces. */
  readonly placeholder: string;
  readonly buttonIndex: number | null;
  readonly buttonType: "url" | "copy_code" | null;
  readonly example: string | null;
}

export interface TemplateShape {
  readonly named: boolean;
  /** TEXT, IMAGE, VIDEO, DOCUMENT, ... or null without a header. */
  readonly headerFormat: string | null;
  readonly header: string;
  readonly body: string;
  readonly footer: string;
  readonly buttons: readonly string[];
  readonly slots: readonly TemplateSlot[];
  /** Parts we cannot fill, by Meta's name; a template with any is not sendable here. */
  readonly unsupported: readonly string[];
}

/** `{{1}}`, `{{first_name}}`. */
export const placeholderPattern = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;
const mediaFormats = new Set(["IMAGE", "VIDEO", "DOCUMENT"]);
const plainButtons = new Set([
  "QUICK_REPLY",
  "PHONE_NUMBER",
  "URL",
  "COPY_CODE",
  "OTP",
  "VOICE_CALL",
  "REQUEST_CONTACT_INFO",
]);
const plainComponents = new Set(["HEADER", "BODY", "FOOTER", "BUTTONS"]);

/** Header formats that are filled with a media item. */
export function isMediaHeader(shape: TemplateShape): boolean {
  return shape.headerFormat !== null && mediaFormats.has(shape.headerFormat);
}

/** Reads a template. What cannot be read counts as unsupported, so that it is refused instead of half filled. */
export function readTemplateShape(template: TemplateSource): TemplateShape {
  const unsupported: string[] = [];
  const components: TemplateComponent[] = [];
  for (const candidate of template.components) {
    const parsed = templateComponentSchema.safeParse(candidate);
    if (!parsed.success) unsupported.push("UNREADABLE");
    else if (plainComponents.has(parsed.data.type)) components.push(parsed.data);
    else unsupported.push(parsed.data.type);
  }
  const of = (type: string) => components.find((component) => component.type === type);
  const header = of("HEADER");
  const headerFormat = header ? (header.format ?? "TEXT") : null;
  if (headerFormat !== null && headerFormat !== "TEXT" && !mediaFormats.has(headerFormat)) {
    unsupported.push(`HEADER ${headerFormat}`);
  }
  const buttons = of("BUTTONS")?.buttons ?? [];
  for (const { type } of buttons) if (!plainButtons.has(type)) unsupported.push(`BUTTON ${type}`);
  const named = template.parameterFormat === "NAMED";
  return {
    named,
    headerFormat,
    header: headerFormat === "TEXT" ? (header?.text ?? "") : "",
    body: of("BODY")?.text ?? "",
    footer: of("FOOTER")?.text ?? "",
    buttons: buttons.map(({ text }) => text),
    slots: [
      ...(headerFormat === "TEXT" && header ? headerSlots(header, named) : []),
      ...bodySlots(of("BODY"), named, isOneTimeCode(template)),
      ...buttonSlots(buttons, isOneTimeCode(template)),
    ],
    unsupported,
  };
}

function isOneTimeCode({ category }: TemplateSource): boolean {
  return category.toUpperCase() === "AUTHENTICATION";
}

function headerSlots({ text, example }: TemplateComponent, named: boolean): TemplateSlot[] {
  return placeholdersOf(text).map((name, index) => ({
    ...slot("header", name),
    key: named ? name : `header_${name}`,
    example: named
      ? namedExample(example?.header_text_named_params, name)
      : (example?.header_text?.[index] ?? null),
  }));
}

function bodySlots(
  body: TemplateComponent | undefined,
  named: boolean,
  oneTimeCode: boolean,
): TemplateSlot[] {
  // Meta writes the text of one-time codes itself and may not show its variable.
  const names = body ? placeholdersOf(body.text) : [];
  if (oneTimeCode && names.length === 0) return [slot("body", "1")];
  return names.map((name, index) => ({
    ...slot("body", name),
    example: named
      ? namedExample(body?.example?.body_text_named_params, name)
      : (body?.example?.body_text?.[0]?.[index] ?? null),
  }));
}

function buttonSlots(buttons: TemplateComponent["buttons"], oneTimeCode: boolean): TemplateSlot[] {
  return buttons.flatMap(({ type, url, example }, buttonIndex): TemplateSlot[] => {
    const [name] = placeholdersOf(url ?? "");
    const shown = example?.[0] ?? null;
    const key = `button_${buttonIndex}`;
    if (type === "OTP" || (oneTimeCode && type === "URL")) {
      return [{ ...slot("button", "1"), buttonIndex, buttonType: "url" }];
    }
    if (type === "COPY_CODE") {
      return [{ ...slot("button", "1"), key, buttonIndex, buttonType: "copy_code", example: shown }];
    }
    if (type === "URL" && name !== undefined) {
      return [{ ...slot("button", name), key, buttonIndex, buttonType: "url", example: shown }];
    }
    return [];
  });
}

function slot(place: TemplateSlot["place"], name: string): TemplateSlot {
  return { key: name, place, placeholder: name, buttonIndex: null, buttonType: null, example: null };
}

function namedExample(
  examples: readonly { param_name: string; example: string }[] | undefined,
  name: string,
): string | null {
  return examples?.find(({ param_name }) => param_name === name)?.example ?? null;
}

/** Names in order of their first use; `{{2}} {{1}}` is in order of number, as Meta counts. */
function placeholdersOf(text: string): string[] {
  const names = [...new Set([...text.matchAll(placeholderPattern)].map((match) => match[1] ?? ""))];
  return names.every((name) => /^\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}
