/**
 * What can be sent, one variant per `kind`. ADD A KIND HERE.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
 */
import * as z from "zod";
import { objectIdSchema } from "./common.contract";
import { contactCardSchema } from "./contact.card.contract";
import { interactiveSchema } from "./interactive.contract";
import { limitedText } from "./limited.text.contract";

/** The template language codes of Meta: `en`, `en_US`. */
export const templateLanguageSchema = z
  .string()
  .regex(/^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?$/, "must be a language code such as en or pt_BR")
  .meta({ description: "Language exactly as Meta has it; `en` and `en_US` differ.", example: "en_US" });

export const templateVariablesSchema = z.record(z.string().min(1).max(64), z.string().max(8_192)).meta({
  description:
    "Value of each variable by its key, as `GET /templates/{id}` lists them with their types: `1`, `2` or names for the body, `header_1`, `button_0`, `header` (a media id), `card_0_1`. One line each; how long it may be depends on its place.",
  example: { first_name: "Ana" },
});

const caption = limitedText(1_024)
  .optional()
  .meta({ description: "Caption; not with audio and stickers.", example: "Our offer" });
const voice = z.boolean().optional().meta({
  description: "Audio only: show it as a voice message (the default), or as a file.",
  example: true,
});

const text = {
  kind: z.literal("text"),
  text: limitedText(4_096).meta({ description: "Text.", example: "Hello Ana, your order is ready." }),
  previewUrl: z.boolean().optional().meta({ description: "Show a preview of the first link." }),
};
const media = {
  kind: z.literal("media"),
  mediaId: objectIdSchema.meta({ description: "A media item that is `ready`; it decides what is sent." }),
  caption,
  voice,
};
const mediaLink = {
  kind: z.literal("media_link"),
  type: z
    .enum(["image", "audio", "video", "document", "sticker"])
    .meta({ description: "What the link leads to.", example: "image" }),
  link: z.url({ error: "must be a web address" }).max(2_000).meta({
    description:
      "Public https address. It is fetched into our storage and turned into what WhatsApp takes; the message waits for that.",
    example: "https://acme.example/offer.jpg",
  }),
  fileName: limitedText(240)
    .optional()
    .meta({ description: "Documents: the name the person sees.", example: "offer.pdf" }),
  caption,
  voice,
};
const template = {
  kind: z.literal("template"),
  template: z
    .strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9_]{1,512}$/, "must be a template's name")
        .meta({ description: "Name of the template.", example: "welcome" }),
      language: templateLanguageSchema
        .optional()
        .meta({ description: "May be left out when the template has only one." }),
      variables: templateVariablesSchema.default({}),
      headerMediaId: objectIdSchema
        .optional()
        .meta({ description: "Media of an image, video or document header: the variable `header`." }),
    })
    .meta({ description: "The template and what stands in it." }),
};
const interactive = { kind: z.literal("interactive"), interactive: interactiveSchema };
const location = {
  kind: z.literal("location"),
  location: z
    .strictObject({
      latitude: z.number().min(-90).max(90).meta({ description: "Degrees.", example: -23.5505 }),
      longitude: z.number().min(-180).max(180).meta({ description: "Degrees.", example: -46.6333 }),
      name: limitedText(1_000).optional().meta({ description: "Name of the place.", example: "Our shop" }),
      address: limitedText(1_000)
        .optional()
        .meta({ description: "Address; needs a name.", example: "1 High Street" }),
    })
    .meta({ description: "The place." }),
};
const contacts = {
  kind: z.literal("contacts"),
  contacts: z
    .array(contactCardSchema)
    .min(1)
    .max(257)
    .meta({
      description: "Address cards.",
      example: [{ name: { formattedName: "Ana Silva", firstName: "Ana" } }],
    }),
};
const emoji = z
  .string()
  .refine((value) => value === "" || isOneEmoji(value), { error: "must be one emoji, or empty" })
  .meta({ description: "One emoji; empty takes the reaction back.", example: "👍" });
const reaction = {
  kind: z.literal("reaction"),
  reaction: z
    .strictObject({
      messageId: objectIdSchema.meta({ description: "A message of this conversation, at most 30 days old." }),
      emoji,
    })
    .meta({ description: "The emoji and the message that it is put on." }),
};
/** Where the path names the message. */
export const reactBodySchema = z.strictObject({ emoji }).meta({ id: "React" });

function isOneEmoji(value: string): boolean {
  return (
    [...new Intl.Segmenter().segment(value)].length === 1 &&
    /\p{Extended_Pictographic}|\p{Regional_Indicator}|[#*0-9]\uFE0F?\u20E3/u.test(value)
  );
}

/** What is sent, as services hand it on. */
const outgoingContentSchema = z.discriminatedUnion("kind", [
  z.strictObject(text),
  z.strictObject(media),
  z.strictObject(mediaLink),
  z.strictObject(template),
  z.strictObject(interactive),
  z.strictObject(location),
  z.strictObject(contacts),
  z.strictObject(reaction),
]);
export type OutgoingContent = z.output<typeof outgoingContentSchema>;

const own = {
  clientId: z.string().min(1).max(200).optional().meta({
    description: "Your own key: a second request with it gives the first message. Else the Idempotency-Key.",
    example: "order-1042-ready",
  }),
};
const replyable = {
  ...own,
  replyToId: objectIdSchema.optional().meta({ description: "A message of this conversation to quote." }),
};

export const sendMessageBodySchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ ...text, ...replyable }).meta({ id: "SendText", description: "A text." }),
    z
      .strictObject({ ...media, ...replyable })
      .meta({ id: "SendMedia", description: "An uploaded image, voice note, video, document or sticker." }),
    z
      .strictObject({ ...mediaLink, ...replyable })
      .meta({ id: "SendMediaLink", description: "The same from a public address." }),
    z
      .strictObject({ ...template, ...replyable })
      .meta({ id: "SendTemplate", description: "A template that Meta approved." }),
    z.strictObject({ ...interactive, ...replyable }).meta({
      id: "SendInteractive",
      description: "Buttons, a list, a link button, a flow, or a request for the location.",
    }),
    z
      .strictObject({ ...location, ...replyable })
      .meta({ id: "SendLocation", description: "A place on the map." }),
    z.strictObject({ ...contacts, ...replyable }).meta({ id: "SendContacts", description: "Address cards." }),
    z
      .strictObject({ ...reaction, ...own })
      .meta({ id: "SendReaction", description: "An emoji on a message." }),
  ])
  .meta({ id: "SendMessage", example: { kind: "text", text: "Hello Ana, your order is ready." } });
export type SendMessageBody = z.output<typeof sendMessageBodySchema>;
