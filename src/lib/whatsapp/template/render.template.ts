/** What the person will see of a template. Pure. */
import type { TemplatePart, TemplateShape } from "./template.shape";
import { placeholderPattern, type TemplatePlace } from "./template.slot";
import { type TemplateVariables, variableOf } from "./template.variables";

export interface RenderedPart {
  readonly header: string | null;
  /** TEXT, IMAGE, ... */
  readonly headerFormat: string | null;
  readonly body: string;
  readonly footer: string | null;
  readonly offer: string | null;
  readonly buttons: string[];
}

export interface RenderedTemplate extends RenderedPart {
  readonly cards: RenderedPart[];
}

/** A variable without a value stays as it is written in the template. */
export function renderTemplate(shape: TemplateShape, variables: TemplateVariables): RenderedTemplate {
  return {
    ...renderPart(shape, variables),
    cards: shape.cards.map((card) => renderPart(card, variables)),
  };
}

export function renderPart(part: TemplatePart, variables: TemplateVariables): RenderedPart {
  return {
    header: headerText(part, variables),
    headerFormat: part.headerFormat,
    body: fill(part, "body", part.body, variables),
    footer: part.footer || null,
    offer: part.offer,
    buttons: part.buttons.map(({ text }) => text),
  };
}

/** A place shows its name and address; a picture shows itself. */
function headerText(part: TemplatePart, variables: TemplateVariables): string | null {
  if (part.headerFormat !== "LOCATION") return fill(part, "header", part.header, variables) || null;
  const keys = part.slots.filter(({ place, type }) => place === "header" && type === "text");
  return (
    keys
      .map(({ key }) => variableOf(variables, key))
      .filter(Boolean)
      .join(", ") || null
  );
}

/** One pass, so that braces in a value are not taken for variables. */
function fill(part: TemplatePart, place: TemplatePlace, text: string, variables: TemplateVariables): string {
  return text.replace(placeholderPattern, (written, name: string) => {
    const key = part.slots.find((slot) => slot.place === place && slot.placeholder === name)?.key;
    return (key !== undefined && variableOf(variables, key)) || written;
  });
}
