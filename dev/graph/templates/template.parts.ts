/** Reads a template's stored components into the parts that sending and listing look at. */
import * as z from "zod";

const buttonSchema = z.looseObject({
  type: z.string().transform((type) => type.toUpperCase()),
  text: z.string().optional(),
  url: z.string().optional(),
  phone_number: z.string().optional(),
});
export type TemplateButton = z.infer<typeof buttonSchema>;

const componentSchema = z.looseObject({
  type: z.string().transform((type) => type.toUpperCase()),
  format: z
    .string()
    .transform((format) => format.toUpperCase())
    .optional(),
  text: z.string().optional(),
  example: z.looseObject({}).optional(),
  buttons: z.array(buttonSchema).optional(),
  cards: z.array(z.looseObject({ components: z.array(z.unknown()) })).optional(),
  limited_time_offer: z.looseObject({ has_expiration: z.boolean().optional() }).optional(),
});

export interface TemplateParts {
  header: { format: string; text: string; hasExample: boolean } | undefined;
  body: string;
  bodyHasExample: boolean;
  footer: string | undefined;
  buttons: TemplateButton[];
  /** One list of parts per card of a carousel. */
  cards: TemplateParts[];
  expiringOffer: boolean;
}

/** Meta writes the body of authentication templates itself. */
const authenticationBody = "*{{1}}* is your verification code.";

export function partsOf(components: readonly unknown[]): TemplateParts {
  const parsed = components.map((component) => componentSchema.parse(component));
  const find = (type: string) => parsed.find((component) => component.type === type);
  const header = find("HEADER");
  const body = find("BODY");
  return {
    header: header
      ? { format: header.format ?? "TEXT", text: header.text ?? "", hasExample: header.example !== undefined }
      : undefined,
    body: body ? (body.text ?? authenticationBody) : "",
    bodyHasExample: body?.example !== undefined || body?.text === undefined,
    footer: find("FOOTER")?.text,
    buttons: find("BUTTONS")?.buttons ?? [],
    cards: (find("CAROUSEL")?.cards ?? []).map((card) => partsOf(card.components)),
    expiringOffer: find("LIMITED_TIME_OFFER")?.limited_time_offer?.has_expiration ?? false,
  };
}
