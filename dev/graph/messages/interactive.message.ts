/** Interactive messages. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-list-messages and its neighbours. */
import * as z from "zod";
import { GraphError } from "../errors/graph.error";
import { isRecord } from "../http/exchange";
import { mediaFailure } from "./media.message";
import { limitedText, parseParameter } from "./parameter";
import type { Accepted, MessageCheck, SendContext } from "./send.context";

const mediaReference = z.looseObject({ id: z.string().optional(), link: z.string().optional() });

const headerSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: limitedText(60), sub_text: z.string().optional() }),
  z.strictObject({ type: z.literal("image"), image: mediaReference }),
  z.strictObject({ type: z.literal("video"), video: mediaReference }),
  z.strictObject({ type: z.literal("document"), document: mediaReference }),
]);
const textHeaderSchema = z.strictObject({
  type: z.literal("text", "must be 'text' in a list"),
  text: limitedText(60),
});

const body = (max: number) => z.strictObject({ text: limitedText(max) });
const footer = z.strictObject({ text: limitedText(60) }).optional();

function unique(values: string[]): boolean {
  return new Set(values).size === values.length;
}

const buttonsSchema = z.strictObject({
  type: z.literal("button"),
  header: headerSchema.optional(),
  body: body(1024),
  footer,
  action: z.strictObject({
    buttons: z
      .array(
        z.strictObject({
          type: z.literal("reply"),
          reply: z.strictObject({ id: limitedText(256), title: limitedText(20) }),
        }),
      )
      .min(1, "must have 1 to 3 buttons")
      .max(3, "must have 1 to 3 buttons")
      .refine((buttons) => unique(buttons.map(({ reply }) => reply.title)), "titles must be unique")
      .refine((buttons) => unique(buttons.map(({ reply }) => reply.id)), "ids must be unique"),
  }),
});

const listSchema = z.strictObject({
  type: z.literal("list"),
  header: textHeaderSchema.optional(),
  body: body(4096),
  footer,
  action: z.strictObject({
    button: limitedText(20),
    sections: z
      .array(
        z.strictObject({
          title: limitedText(24).optional(),
          rows: z
            .array(
              z.strictObject({
                id: limitedText(200),
                title: limitedText(24),
                description: limitedText(72, 0).optional(),
              }),
            )
            .min(1),
        }),
      )
      .min(1, "must have 1 to 10 sections")
      .max(10, "must have 1 to 10 sections")
      .refine((sections) => sections.flatMap(({ rows }) => rows).length <= 10, "total row count exceeds 10")
      .refine(
        (sections) => unique(sections.flatMap(({ rows }) => rows.map(({ id }) => id))),
        "row ids must be unique",
      )
      .refine(
        (sections) => sections.length === 1 || sections.every(({ title }) => title !== undefined),
        "section titles are required when there is more than one section",
      ),
  }),
});

const urlButtonSchema = z.strictObject({
  type: z.literal("cta_url"),
  header: headerSchema.optional(),
  body: body(1024),
  footer,
  action: z.strictObject({
    name: z.literal("cta_url"),
    parameters: z.strictObject({ display_text: limitedText(20), url: z.url({ protocol: /^https?$/ }) }),
  }),
});

const flowSchema = z.strictObject({
  type: z.literal("flow"),
  header: headerSchema.optional(),
  body: body(1024),
  footer,
  action: z.strictObject({
    name: z.literal("flow"),
    parameters: z
      .strictObject({
        flow_message_version: z.literal("3"),
        flow_id: z.string().optional(),
        flow_name: z.string().optional(),
        flow_cta: limitedText(30),
        flow_token: z.string().optional(),
        mode: z.enum(["draft", "published"]).optional(),
        flow_action: z.enum(["navigate", "data_exchange"]).optional(),
        flow_action_payload: z.looseObject({ screen: z.string().optional() }).optional(),
      })
      .refine(
        ({ flow_id, flow_name }) => (flow_id === undefined) !== (flow_name === undefined),
        "must have exactly one of flow_id and flow_name",
      ),
  }),
});

const locationRequestSchema = z.strictObject({
  type: z.literal("location_request_message"),
  body: body(1024),
  action: z.strictObject({ name: z.literal("send_location") }),
});

/** Kinds whose inner shape this server does not know well enough to refuse anything in it. */
const otherSchema = z.looseObject({ type: z.string(), action: z.looseObject({}).optional() });

const schemas: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>(
  Object.entries({
    button: buttonsSchema,
    list: listSchema,
    cta_url: urlButtonSchema,
    flow: flowSchema,
    location_request_message: locationRequestSchema,
    product: otherSchema,
    product_list: otherSchema,
    catalog_message: otherSchema,
    address_message: otherSchema,
    call_permission_request: otherSchema,
    voice_call: otherSchema,
    request_contact_info: otherSchema,
    carousel: otherSchema,
  }),
);

export const checkInteractive: MessageCheck = async (content, context) => {
  if (!isRecord(content)) throw new GraphError(131008, { details: "Parameter 'interactive' is missing." });
  const { type } = content;
  if (type === undefined) {
    throw new GraphError(131008, { details: "Parameter 'interactive['type']' is missing." });
  }
  const schema = typeof type === "string" ? schemas.get(type) : undefined;
  if (!schema) {
    throw new GraphError(131009, {
      details: `Param interactive['type'] must be one of {${[...schemas.keys()].join(", ")}}`,
    });
  }
  parseParameter(schema, content, "interactive");
  return { failsWith: await headerFailure(content.header, context) };
};

async function headerFailure(header: unknown, context: SendContext): Promise<Accepted["failsWith"]> {
  const parsed = headerSchema.safeParse(header);
  if (!parsed.success) return undefined;
  switch (parsed.data.type) {
    case "text":
      return undefined;
    case "image":
      return mediaFailure("image", parsed.data.image, false, context);
    case "video":
      return mediaFailure("video", parsed.data.video, false, context);
    case "document":
      return mediaFailure("document", parsed.data.document, false, context);
  }
}
