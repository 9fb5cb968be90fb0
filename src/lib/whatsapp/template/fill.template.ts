/** Filling a template: what is missing, what the person will see, and what Meta is sent. Pure. */
import { placeholderPattern, type TemplateShape, type TemplateSlot } from "./template.shape";

export type TemplateVariables = Readonly<Record<string, string>>;

/** An uploaded media item for a header. */
export interface HeaderMedia {
  readonly kind: "image" | "video" | "document";
  readonly mediaId: string;
  readonly fileName: string | null;
}

/** Keys without a value; Meta takes no empty one. */
export function missingVariables(shape: TemplateShape, variables: TemplateVariables): string[] {
  const keys = shape.slots.map(({ key }) => key);
  return [...new Set(keys)].filter((key) => valueFor(variables, key) === "");
}

/** What the person sees; a variable without a value stays as it is written in the template. */
export function renderTemplate(
  shape: TemplateShape,
  variables: TemplateVariables,
): { header: string | null; body: string; footer: string | null; buttons: string[] } {
  return {
    header: fill(shape.header, slotsOf(shape, "header"), variables) || null,
    body: fill(shape.body, slotsOf(shape, "body"), variables),
    footer: shape.footer || null,
    buttons: [...shape.buttons],
  };
}

/**
 * The `components` of a send. A component without variables is left out, as Meta wants.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 */
export function templateComponents(
  shape: TemplateShape,
  variables: TemplateVariables,
  headerMedia: HeaderMedia | null,
): Record<string, unknown>[] {
  const texts = (place: "header" | "body") =>
    slotsOf(shape, place).map(({ key, placeholder }) => ({
      type: "text",
      ...(shape.named ? { parameter_name: placeholder } : {}),
      text: valueFor(variables, key),
    }));
  const header = headerMedia ? [mediaParameter(headerMedia)] : texts("header");
  const body = texts("body");
  return [
    ...(header.length > 0 ? [{ type: "header", parameters: header }] : []),
    ...(body.length > 0 ? [{ type: "body", parameters: body }] : []),
    ...slotsOf(shape, "button").map((slot) => buttonComponent(slot, valueFor(variables, slot.key))),
  ];
}

function mediaParameter({ kind, mediaId, fileName }: HeaderMedia): Record<string, unknown> {
  const file = kind === "document" && fileName !== null ? { filename: fileName } : {};
  return { type: kind, [kind]: { id: mediaId, ...file } };
}

function buttonComponent({ buttonIndex, buttonType }: TemplateSlot, value: string): Record<string, unknown> {
  const parameter =
    buttonType === "copy_code" ? { type: "coupon_code", coupon_code: value } : { type: "text", text: value };
  return { type: "button", sub_type: buttonType, index: String(buttonIndex), parameters: [parameter] };
}

/** One pass, so that braces in a value are not taken for variables. */
function fill(text: string, slots: readonly TemplateSlot[], variables: TemplateVariables): string {
  return text.replace(placeholderPattern, (written, name: string) => {
    const key = slots.find(({ placeholder }) => placeholder === name)?.key;
    return (key !== undefined && valueFor(variables, key)) || written;
  });
}

function slotsOf(shape: TemplateShape, place: TemplateSlot["place"]): TemplateSlot[] {
  return shape.slots.filter((slot) => slot.place === place);
}

/** Meta refuses line breaks, tabs and runs of spaces in a parameter: they become single spaces. */
function valueFor(variables: TemplateVariables, key: string): string {
  return Object.hasOwn(variables, key) ? (variables[key] ?? "").replace(/\s+/g, " ").trim() : "";
}
