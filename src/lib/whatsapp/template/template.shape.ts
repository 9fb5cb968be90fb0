/** What a template wants filled in, read from its components. Pure. */
import {
  type TemplateComponent,
  templateComponentSchema,
} from "../../../contracts/template.component.contract";
import { bodySlots, buttonSlots, headerSlots, offerSlots, type TemplateSlot } from "./template.slot";

export interface TemplateSource {
  readonly components: readonly unknown[];
  readonly parameterFormat: "POSITIONAL" | "NAMED";
  readonly category: string;
}

/** A template's message, or one card of a carousel. */
export interface TemplatePart {
  /** TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, PRODUCT, ... or null without a header. */
  readonly headerFormat: string | null;
  readonly header: string;
  readonly body: string;
  readonly footer: string;
  /** Text of a limited-time offer. */
  readonly offer: string | null;
  readonly buttons: readonly { readonly type: string; readonly text: string; readonly url: string | null }[];
  readonly slots: readonly TemplateSlot[];
}

export interface TemplateShape extends TemplatePart {
  readonly named: boolean;
  readonly cards: readonly TemplatePart[];
  /** Of the message and of all its cards. */
  readonly allSlots: readonly TemplateSlot[];
  /** Parts we cannot fill, by Meta's name; a template with any is not sendable here. */
  readonly unsupported: readonly string[];
}

const knownComponents = new Set([
  "HEADER",
  "BODY",
  "FOOTER",
  "BUTTONS",
  "LIMITED_TIME_OFFER",
  "CAROUSEL",
  "CALL_PERMISSION_REQUEST",
]);

/** Reads a template. What cannot be read counts as unsupported, so that it is refused instead of half filled. */
export function readTemplateShape(template: TemplateSource): TemplateShape {
  const unsupported: string[] = [];
  const components = readComponents(template.components, unsupported);
  const rules = {
    named: template.parameterFormat === "NAMED",
    oneTimeCode: template.category.toUpperCase() === "AUTHENTICATION",
  };
  const main = readPart(components, rules, unsupported);
  const cards = components
    .flatMap((component) => component.cards)
    .map((card, index) => {
      const part = readPart(readComponents(card.components, unsupported), rules, unsupported);
      return { ...part, slots: part.slots.map((slot) => ({ ...slot, key: `card_${index}_${slot.key}` })) };
    });
  const allSlots = [...main.slots, ...cards.flatMap((card) => card.slots)];
  return { ...main, named: rules.named, cards, allSlots, unsupported };
}

function readComponents(candidates: readonly unknown[], unsupported: string[]): TemplateComponent[] {
  return candidates.flatMap((candidate) => {
    const parsed = templateComponentSchema.safeParse(candidate);
    if (parsed.success && knownComponents.has(parsed.data.type)) return [parsed.data];
    unsupported.push(parsed.success ? parsed.data.type : "UNREADABLE");
    return [];
  });
}

function readPart(
  components: readonly TemplateComponent[],
  { named, oneTimeCode }: { named: boolean; oneTimeCode: boolean },
  unsupported: string[],
): TemplatePart {
  const of = (type: string) => components.find((component) => component.type === type);
  const header = of("HEADER");
  const headerFormat = header ? (header.format ?? "TEXT") : null;
  const onTop = header ? headerSlots(header, named) : [];
  if (!onTop) unsupported.push(`HEADER ${headerFormat}`);
  const buttons = of("BUTTONS")?.buttons ?? [];
  const below = buttons.flatMap((button, index) => {
    const slots = buttonSlots(button, index, oneTimeCode);
    if (!slots) unsupported.push(`BUTTON ${button.type}`);
    return slots ?? [];
  });
  const offer = of("LIMITED_TIME_OFFER")?.limited_time_offer;
  return {
    headerFormat,
    header: headerFormat === "TEXT" ? (header?.text ?? "") : "",
    body: of("BODY")?.text ?? "",
    footer: of("FOOTER")?.text ?? "",
    offer: offer?.text ?? null,
    buttons: buttons.map(({ type, text, url }) => ({ type, text, url: url ?? null })),
    slots: [...(onTop ?? []), ...bodySlots(of("BODY"), named, oneTimeCode), ...offerSlots(offer), ...below],
  };
}
