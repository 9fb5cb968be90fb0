/**
 * Interactive messages as callers write them, with Meta's own limits, so that Meta never sees what it would refuse.
 * @see https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-list-messages and its neighbours
 */
import * as z from "zod";
import { objectIdSchema } from "./common.contract";
import { areUnique, limitedText } from "./limited.text.contract";

const headerMediaKinds = ["image", "video", "document"] as const;

const textHeader = z
  .strictObject({
    type: z.literal("text"),
    text: limitedText(60).meta({ description: "Bold line on top.", example: "Your order" }),
  })
  .meta({ description: "A bold line on top." });
const header = z
  .discriminatedUnion("type", [
    textHeader,
    z.strictObject({
      type: z.enum(headerMediaKinds).meta({ description: "What stands on top.", example: "image" }),
      mediaId: objectIdSchema.meta({ description: "A media item of that kind that is `ready`." }),
    }),
  ])
  .optional()
  .meta({ description: "What stands on top." });
const body = (most: number) => limitedText(most).meta({ description: "Text.", example: "How can we help?" });
const footer = limitedText(60).optional().meta({ description: "Small line below.", example: "Acme" });

const buttons = z
  .array(
    z.strictObject({
      id: limitedText(256).meta({ description: "Comes back with the answer.", example: "yes" }),
      title: limitedText(20).meta({ description: "What the button says.", example: "Yes" }),
    }),
  )
  .min(1)
  .max(3)
  .refine((all) => areUnique(all.map(({ id }) => id)), { error: "must have ids that differ" })
  .refine((all) => areUnique(all.map(({ title }) => title)), { error: "must have titles that differ" });

const row = z.strictObject({
  id: limitedText(200).meta({ description: "Comes back with the answer.", example: "slot-9" }),
  title: limitedText(24).meta({ description: "The choice.", example: "9:00" }),
  description: limitedText(72).optional().meta({ description: "Small line.", example: "With Dr Silva" }),
});
const sections = z
  .array(
    z.strictObject({
      title: limitedText(24).optional().meta({
        description: "Required when there are several sections.",
        example: "Morning",
      }),
      rows: z.array(row).min(1).max(10).meta({ description: "The choices of this section." }),
    }),
  )
  .min(1)
  .max(10)
  .refine((all) => all.flatMap(({ rows }) => rows).length <= 10, {
    error: "must not have more than 10 rows in all",
  })
  .refine((all) => areUnique(all.flatMap(({ rows }) => rows.map(({ id }) => id))), {
    error: "must have row ids that differ",
  })
  .refine((all) => all.length === 1 || all.every(({ title }) => title !== undefined), {
    error: "must each have a title when there are several",
  });

const flow = z
  .strictObject({
    id: z.string().regex(/^\d+$/, "must be Meta's id of the flow").optional().meta({
      description: "Meta's id of the flow; or its name.",
      example: "1234567890",
    }),
    name: limitedText(200).optional().meta({ description: "Name of the flow.", example: "booking" }),
    button: limitedText(30).meta({ description: "What opens it.", example: "Book" }),
    token: limitedText(512).optional().meta({ description: "Comes back with the answer.", example: "t-81" }),
    action: z
      .enum(["navigate", "data_exchange"])
      .default("navigate")
      .meta({ description: "Open a screen, or ask the flow's endpoint.", example: "navigate" }),
    screen: limitedText(200).optional().meta({ description: "First screen.", example: "WELCOME" }),
    data: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "Data for the first screen.", example: { plan: "gold" } }),
    draft: z.boolean().optional().meta({ description: "Send a flow that is not published yet." }),
  })
  .refine(({ id, name }) => (id === undefined) !== (name === undefined), {
    error: "must have either id or name",
    path: ["id"],
  })
  .refine(({ data, screen }) => data === undefined || screen !== undefined, {
    error: "must be given when there is data",
    path: ["screen"],
  });

export const interactiveSchema = z
  .discriminatedUnion("type", [
    z
      .strictObject({
        type: z.literal("buttons"),
        header,
        body: body(1_024),
        footer,
        buttons: buttons.meta({ description: "One to three.", example: [{ id: "yes", title: "Yes" }] }),
      })
      .meta({ description: "Up to three buttons to answer with." }),
    z
      .strictObject({
        type: z.literal("list"),
        header: textHeader.optional(),
        body: body(4_096),
        footer,
        button: limitedText(20).meta({ description: "What opens the list.", example: "Choose" }),
        sections: sections.meta({
          description: "At most ten rows in all.",
          example: [{ rows: [{ id: "slot-9", title: "9:00" }] }],
        }),
      })
      .meta({ description: "A button that opens a list of up to ten choices." }),
    z
      .strictObject({
        type: z.literal("cta_url"),
        header,
        body: body(1_024),
        footer,
        button: z
          .strictObject({
            title: limitedText(20).meta({ description: "What the button says.", example: "Track it" }),
            url: z
              .url({ protocol: /^https?$/, error: "must be a web address" })
              .max(2_000)
              .meta({ description: "Where it leads.", example: "https://acme.example/t/17" }),
          })
          .meta({ description: "The button and where it leads." }),
      })
      .meta({ description: "A button that opens a web page." }),
    z
      .strictObject({
        type: z.literal("flow"),
        header,
        body: body(1_024),
        footer,
        flow: flow.meta({ description: "The flow and what it begins with." }),
      })
      .meta({ description: "A button that opens a flow: a form inside WhatsApp." }),
    z
      .strictObject({ type: z.literal("location_request"), body: body(1_024) })
      .meta({ description: "A button by which the person sends their location." }),
  ])
  .meta({
    id: "Interactive",
    description: "Reply buttons, a list, a link button, a flow, or a request for the person's location.",
    example: { type: "buttons", body: "Is 9:00 fine?", buttons: [{ id: "yes", title: "Yes" }] },
  });
export type Interactive = z.output<typeof interactiveSchema>;
