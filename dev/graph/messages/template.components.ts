/** Holds what a send gives for a template's components against what the template has. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import type { TemplateButton, TemplateParts } from "../templates/template.parts";
import { variablesOf } from "../templates/template.text";
import { locationSchema } from "./location.message";
import { mediaFailure } from "./media.message";
import type { Accepted, SendContext } from "./send.context";
import { checkTextParameters, type ParameterFormat, sentParameterSchema } from "./template.parameters";

const buttonComponent = {
  sub_type: z.string().optional(),
  index: z.union([z.string().regex(/^\d+$/), z.int().min(0)]).optional(),
  parameters: z.array(sentParameterSchema).optional(),
};

const cardComponentSchema = z.strictObject({ type: z.string(), ...buttonComponent });

export const sentComponentSchema = z.strictObject({
  type: z.string(),
  ...buttonComponent,
  cards: z
    .array(z.strictObject({ card_index: z.coerce.number().int(), components: z.array(cardComponentSchema) }))
    .optional(),
});

type SentComponent = z.infer<typeof sentComponentSchema>;

const componentTypes = ["header", "body", "button", "carousel", "limited_time_offer"];

/**
 * @returns the failure Meta reports after accepting, when it looks at a media header
 * @throws GraphError 132000, 132005, 132012, 132018, 131008, 100
 */
export async function checkComponents(
  parts: TemplateParts,
  sent: SentComponent[],
  format: ParameterFormat,
  context: SendContext,
): Promise<Accepted["failsWith"]> {
  for (const component of sent) {
    if (!componentTypes.includes(component.type.toLowerCase())) {
      throw new GraphError(100, {
        details: `Param template['components']['type'] must be one of {${componentTypes.join(", ")}} - got "${component.type}"`,
      });
    }
  }
  const of = (type: string) => sent.filter((component) => component.type.toLowerCase() === type);
  const failure = await checkHeader(parts, of("header")[0], format, context);
  checkTextParameters("body", parts.body, of("body")[0]?.parameters ?? [], format);
  checkButtons(parts.buttons, of("button"));
  checkOffer(parts, of("limited_time_offer")[0]);
  return failure ?? checkCards(parts.cards, of("carousel")[0], format, context);
}

async function checkHeader(
  parts: TemplateParts,
  sent: SentComponent | undefined,
  format: ParameterFormat,
  context: SendContext,
): Promise<Accepted["failsWith"]> {
  const parameters = sent?.parameters ?? [];
  const expected = parts.header?.format ?? "TEXT";
  if (expected === "TEXT") {
    checkTextParameters("header", parts.header?.text ?? "", parameters, format);
    return undefined;
  }
  const [parameter] = parameters;
  const received = parameter?.type.toUpperCase() ?? "UNKNOWN";
  if (!parameter || parameters.length !== 1 || received !== (expected === "GIF" ? "VIDEO" : expected)) {
    throw new GraphError(132012, {
      details: `header: Format mismatch, expected ${expected}, received ${received}`,
    });
  }
  switch (parameter.type.toLowerCase()) {
    case "image":
      return mediaFailure("image", parameter.image ?? {}, false, context);
    case "video":
      return mediaFailure("video", parameter.video ?? {}, false, context);
    case "document":
      return mediaFailure("document", parameter.document ?? {}, false, context);
    case "location":
      if (!locationSchema.safeParse(parameter.location).success) {
        throw new GraphError(132012, { details: "header: location needs latitude and longitude" });
      }
      return undefined;
    default:
      return undefined;
  }
}

interface ButtonRule {
  subType: string;
  parameter: "text" | "payload" | "coupon_code" | "action";
  required: boolean;
  /** Longest text. */
  limit: number;
}

/** What a send may give for a button, by the button's type in the template. */
const buttonRules: Readonly<Record<string, ButtonRule>> = {
  QUICK_REPLY: { subType: "quick_reply", parameter: "payload", required: false, limit: 256 },
  COPY_CODE: { subType: "copy_code", parameter: "coupon_code", required: true, limit: 20 },
  FLOW: { subType: "flow", parameter: "action", required: false, limit: 0 },
  CATALOG: { subType: "catalog", parameter: "action", required: false, limit: 0 },
  MPM: { subType: "mpm", parameter: "action", required: true, limit: 0 },
  OTP: { subType: "url", parameter: "text", required: true, limit: 15 },
};

function ruleOf(button: TemplateButton): ButtonRule | undefined {
  if (button.type !== "URL") return buttonRules[button.type];
  if (variablesOf(button.url ?? "").length === 0) return undefined;
  return { subType: "url", parameter: "text", required: true, limit: 2000 };
}

function checkButtons(buttons: TemplateButton[], sent: SentComponent[]): void {
  const given = new Map<number, SentComponent>();
  for (const component of sent) {
    const index = Number(component.index ?? Number.NaN);
    if (!buttons[index] || given.has(index)) {
      throw new GraphError(132018, {
        details: `buttons: index ${String(component.index)} is missing, unknown or given twice`,
      });
    }
    given.set(index, component);
  }
  for (const [index, button] of buttons.entries()) checkButton(index, button, given.get(index));
}

function checkButton(index: number, button: TemplateButton, sent: SentComponent | undefined): void {
  const rule = ruleOf(button);
  const named = `Button at index ${index} of type ${button.type}`;
  if (!sent) {
    if (rule?.required) throw new GraphError(131008, { details: `${named} requires a parameter` });
    return;
  }
  if (!rule) throw new GraphError(132018, { details: `${named} takes no parameter` });
  const [parameter] = sent.parameters ?? [];
  if (sent.sub_type?.toLowerCase() !== rule.subType || sent.parameters?.length !== 1 || !parameter) {
    throw new GraphError(132018, {
      details: `${named} takes sub_type ${rule.subType} with exactly one parameter`,
    });
  }
  if (parameter.type.toLowerCase() !== rule.parameter) {
    throw new GraphError(132012, {
      details: `${named} takes a parameter of type ${rule.parameter}, not ${parameter.type}`,
    });
  }
  if (rule.parameter === "action") return;
  const text = parameter[rule.parameter];
  if (!text) throw new GraphError(131008, { details: `${named}: ${rule.parameter} is missing or empty` });
  if (text.length > rule.limit) {
    throw new GraphError(132005, {
      details: `${named}: ${rule.parameter} is longer than ${rule.limit} characters`,
    });
  }
}

function checkOffer(parts: TemplateParts, sent: SentComponent | undefined): void {
  if (!parts.expiringOffer) {
    if (sent)
      throw new GraphError(132018, { details: "limited_time_offer: the template has no expiring offer" });
    return;
  }
  const expiration = sent?.parameters?.[0]?.limited_time_offer?.expiration_time_ms;
  if (expiration === undefined) {
    throw new GraphError(131008, { details: "limited_time_offer: expiration_time_ms is missing" });
  }
}

async function checkCards(
  cards: TemplateParts[],
  sent: SentComponent | undefined,
  format: ParameterFormat,
  context: SendContext,
): Promise<Accepted["failsWith"]> {
  const given = sent?.cards ?? [];
  if (given.length !== cards.length) {
    throw new GraphError(132000, {
      details: `carousel: number of cards (${given.length}) does not match the expected number (${cards.length})`,
    });
  }
  let failure: Accepted["failsWith"];
  for (const [index, card] of cards.entries()) {
    const match = given.find(({ card_index }) => card_index === index);
    if (!match) throw new GraphError(132018, { details: `carousel: card_index ${index} is missing` });
    failure ??= await checkComponents(card, match.components, format, context);
  }
  return failure;
}
