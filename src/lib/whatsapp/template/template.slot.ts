/** The places of a template that a send fills in, and what may stand in each. Pure. */
import type { TemplateButton, TemplateComponent } from "../../../contracts/template.component.contract";

/** What a value must be; all are given as texts. */
export type TemplateSlotType =
  | "text"
  /** A one-time code, at most 15 characters. */
  | "code"
  /** What is put at the end of a button's address. */
  | "url_suffix"
  | "coupon_code"
  /** What comes back when a quick reply is tapped. */
  | "payload"
  /** Id of a media item of ours. */
  | "image"
  | "video"
  | "document"
  | "latitude"
  | "longitude"
  /** RFC 3339. */
  | "time"
  /** Id of a product in the catalogue. */
  | "product"
  /** Several, with commas. */
  | "products"
  | "catalog"
  /** A JSON object. */
  | "json";

export type TemplatePlace = "header" | "body" | "offer" | "button";

/** One place to fill. Two places may share a key: a name used twice, or a one-time code in body and button. */
export interface TemplateSlot {
  /** `1`, `2` or a name in the body, `header_1` or a name in the header, `button_<index>`; `card_<n>_` before it in cards. */
  readonly key: string;
  readonly place: TemplatePlace;
  readonly type: TemplateSlotType;
  readonly required: boolean;
  /** The placeholder without braces, or which part of the place it is. */
  readonly placeholder: string;
  readonly buttonIndex: number | null;
  readonly example: string | null;
}

/** `{{1}}`, `{{first_name}}`. */
export const placeholderPattern = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;

/** Media on top, by Meta's format. */
const mediaFormats = new Map<string, "image" | "video" | "document">([
  ["IMAGE", "image"],
  ["VIDEO", "video"],
  ["GIF", "video"],
  ["DOCUMENT", "document"],
]);

interface SlotDraft {
  readonly key: string;
  readonly type: TemplateSlotType;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly example?: string | null;
}

function slotOf(place: TemplatePlace, draft: SlotDraft, buttonIndex: number | null = null): TemplateSlot {
  return { place, required: true, placeholder: draft.key, example: null, buttonIndex, ...draft };
}

/** @returns undefined for a header that cannot be filled. */
export function headerSlots(header: TemplateComponent, named: boolean): TemplateSlot[] | undefined {
  const format = header.format ?? "TEXT";
  const media = mediaFormats.get(format);
  if (media) return [slotOf("header", { key: "header", type: media })];
  switch (format) {
    case "TEXT":
      return placeholdersOf(header.text).map((name, index) =>
        slotOf("header", {
          key: named ? name : `header_${name}`,
          type: "text",
          placeholder: name,
          example: named
            ? namedExample(header.example?.header_text_named_params, name)
            : (header.example?.header_text?.[index] ?? null),
        }),
      );
    case "LOCATION":
      return [
        slotOf("header", { key: "header_latitude", type: "latitude", example: "-23.5505" }),
        slotOf("header", { key: "header_longitude", type: "longitude", example: "-46.6333" }),
        slotOf("header", { key: "header_name", type: "text", example: "Our shop" }),
        slotOf("header", { key: "header_address", type: "text", example: "1 High Street" }),
      ];
    case "PRODUCT":
      return [
        slotOf("header", { key: "header_catalog", type: "catalog" }),
        slotOf("header", { key: "header_product", type: "product" }),
      ];
    default:
      return undefined;
  }
}

export function bodySlots(
  body: TemplateComponent | undefined,
  named: boolean,
  oneTimeCode: boolean,
): TemplateSlot[] {
  // Meta writes the text of one-time codes itself and may not show its variable.
  const names = body ? placeholdersOf(body.text) : [];
  if (oneTimeCode) return [slotOf("body", { key: names[0] ?? "1", type: "code" })];
  return names.map((name, index) =>
    slotOf("body", {
      key: name,
      type: "text",
      example: named
        ? namedExample(body?.example?.body_text_named_params, name)
        : (body?.example?.body_text?.[0]?.[index] ?? null),
    }),
  );
}

/** The time at which an offer ends. */
export function offerSlots(offer: TemplateComponent["limited_time_offer"]): TemplateSlot[] {
  if (!offer?.has_expiration) return [];
  return [slotOf("offer", { key: "offer_expires_at", type: "time", example: "2026-12-01T09:00:00.000Z" })];
}

/** @returns undefined for a button that cannot be filled. */
export function buttonSlots(
  button: TemplateButton,
  index: number,
  oneTimeCode: boolean,
): TemplateSlot[] | undefined {
  const key = `button_${index}`;
  const example = button.example?.[0] ?? null;
  const one = (draft: SlotDraft) => slotOf("button", draft, index);
  switch (button.type) {
    case "OTP":
      return [one({ key: "1", type: "code" })];
    case "URL":
      if (oneTimeCode) return [one({ key: "1", type: "code" })];
      return placeholdersOf(button.url ?? "").length > 0 ? [one({ key, type: "url_suffix", example })] : [];
    case "COPY_CODE":
      return [one({ key, type: "coupon_code", example })];
    case "QUICK_REPLY":
      return [one({ key, type: "payload", required: false })];
    case "FLOW":
      return [
        one({ key, type: "text", placeholder: "flow_token", required: false }),
        one({ key: `${key}_data`, type: "json", placeholder: "flow_action_data", required: false }),
      ];
    case "CATALOG":
      return [one({ key, type: "product", placeholder: "thumbnail", required: false })];
    case "MPM":
      return [
        one({ key, type: "products", placeholder: "products" }),
        one({ key: `${key}_thumbnail`, type: "product", placeholder: "thumbnail", required: false }),
      ];
    case "SPM":
    case "PHONE_NUMBER":
    case "VOICE_CALL":
    case "REQUEST_CONTACT_INFO":
      return [];
    default:
      return undefined;
  }
}

/** Names in order of their first use; `{{2}} {{1}}` is in order of number, as Meta counts. */
export function placeholdersOf(text: string): string[] {
  const names = [...new Set([...text.matchAll(placeholderPattern)].map((match) => match[1] ?? ""))];
  return names.every((name) => /^\d+$/.test(name)) ? names.sort((a, b) => Number(a) - Number(b)) : names;
}

function namedExample(
  examples: readonly { param_name: string; example: string }[] | undefined,
  name: string,
): string | null {
  return examples?.find(({ param_name }) => param_name === name)?.example ?? null;
}
