/** What Meta is sent to fill a template. Pure. */
import type { TemplatePart, TemplateShape } from "./template.shape";
import type { TemplateSlot } from "./template.slot";
import { listed } from "./template.values";
import { type TemplateVariables, variableOf } from "./template.variables";

/** An uploaded media item for a header. */
export interface HeaderMedia {
  readonly kind: "image" | "video" | "document";
  /** Meta's id. */
  readonly mediaId: string;
  readonly fileName: string | null;
}

interface Filling {
  readonly named: boolean;
  readonly variables: TemplateVariables;
  /** By the slot's key. */
  readonly media: ReadonlyMap<string, HeaderMedia>;
}

/**
 * The `components` of a send. A component without variables is left out, as Meta wants.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 */
export function templateComponents(
  shape: TemplateShape,
  variables: TemplateVariables,
  media: ReadonlyMap<string, HeaderMedia> = new Map(),
): Record<string, unknown>[] {
  const filling = { named: shape.named, variables, media };
  const cards = shape.cards.map((card, card_index) => ({
    card_index,
    components: partComponents(card, filling),
  }));
  return [...partComponents(shape, filling), ...(cards.length > 0 ? [{ type: "carousel", cards }] : [])];
}

function partComponents(part: TemplatePart, filling: Filling): Record<string, unknown>[] {
  const header = headerParameters(part, filling);
  const body = textParameters(slotsOf(part, "body"), filling);
  const [offer] = slotsOf(part, "offer");
  return [
    ...(header.length > 0 ? [{ type: "header", parameters: header }] : []),
    ...(body.length > 0 ? [{ type: "body", parameters: body }] : []),
    ...(offer ? [offerComponent(variableOf(filling.variables, offer.key))] : []),
    ...part.buttons.flatMap(({ type }, index) => buttonComponent(part, type, index, filling)),
  ];
}

function textParameters(slots: readonly TemplateSlot[], { named, variables }: Filling) {
  return slots.map(({ key, placeholder }) => ({
    type: "text",
    ...(named ? { parameter_name: placeholder } : {}),
    text: variableOf(variables, key),
  }));
}

function headerParameters(part: TemplatePart, filling: Filling): Record<string, unknown>[] {
  const slots = slotsOf(part, "header");
  const [first] = slots;
  if (!first) return [];
  const value = (placeholder: string) => {
    const key = slots.find((slot) => slot.placeholder === placeholder)?.key ?? "";
    return variableOf(filling.variables, key);
  };
  switch (part.headerFormat) {
    case "TEXT":
      return textParameters(slots, filling);
    case "LOCATION": {
      const latitude = Number(value("header_latitude"));
      const longitude = Number(value("header_longitude"));
      const place = { latitude, longitude, name: value("header_name"), address: value("header_address") };
      return [{ type: "location", location: place }];
    }
    case "PRODUCT": {
      const product = { catalog_id: value("header_catalog"), product_retailer_id: value("header_product") };
      return [{ type: "product", product }];
    }
    default: {
      const media = filling.media.get(first.key);
      return media ? [mediaParameter(media)] : [];
    }
  }
}

function mediaParameter({ kind, mediaId, fileName }: HeaderMedia): Record<string, unknown> {
  const file = kind === "document" && fileName !== null ? { filename: fileName } : {};
  return { type: kind, [kind]: { id: mediaId, ...file } };
}

function offerComponent(expiresAt: string): Record<string, unknown> {
  const limited_time_offer = { expiration_time_ms: Date.parse(expiresAt) };
  return {
    type: "limited_time_offer",
    parameters: [{ type: "limited_time_offer", limited_time_offer }],
  };
}

/** At most one; none for a button without a variable. */
function buttonComponent(
  part: TemplatePart,
  type: string,
  index: number,
  { variables }: Filling,
): Record<string, unknown>[] {
  const slots = part.slots.filter(({ buttonIndex }) => buttonIndex === index);
  const [first] = slots;
  if (!first) return [];
  const component = (sub_type: string, parameter: Record<string, unknown>) => [
    { type: "button", sub_type, index: String(index), parameters: [parameter] },
  ];
  const value = variableOf(variables, first.key);
  const other = variableOf(variables, slots[1]?.key ?? "");
  switch (type) {
    case "QUICK_REPLY":
      return value === "" ? [] : component("quick_reply", { type: "payload", payload: value });
    case "COPY_CODE":
      return component("copy_code", { type: "coupon_code", coupon_code: value });
    case "FLOW": {
      // Meta wants a token even where the flow uses none
      const data: unknown = other === "" ? undefined : JSON.parse(other);
      const action = { flow_token: value || "unused", ...(data ? { flow_action_data: data } : {}) };
      return component("flow", { type: "action", action });
    }
    case "CATALOG":
      return value === ""
        ? []
        : component("catalog", { type: "action", action: { thumbnail_product_retailer_id: value } });
    case "MPM":
      return component("mpm", { type: "action", action: productsAction(listed(value), other) });
    default:
      return component("url", { type: "text", text: value });
  }
}

/** One section; without a picture of its own the first product's is shown. */
function productsAction(ids: readonly string[], thumbnail: string): Record<string, unknown> {
  return {
    thumbnail_product_retailer_id: thumbnail || ids[0],
    sections: [{ title: "Products", product_items: ids.map((id) => ({ product_retailer_id: id })) }],
  };
}

function slotsOf(part: TemplatePart, place: TemplateSlot["place"]): TemplateSlot[] {
  return part.slots.filter((slot) => slot.place === place);
}
