import * as z from "zod";
import { AppError } from "../../../../lib/errors/app.error";
import { renderText } from "../render";
import { defineAction } from "./action";
import { sendAsRule, windowClosedSchema } from "./send.as.rule";

/** Sends a text of the tenant's own; outside the 24-hour window the template that stands in for it. */
export const sendMessageAction = defineAction({
  type: "send_message",
  mode: "job",
  sends: true,
  description: "Send a text to the lead; when the 24-hour window is closed, a template instead.",
  config: {
    text: z.string().trim().min(1).max(4_096).meta({
      description: "The text; variables allowed.",
      example: "Hi {{lead.firstName}}, any questions?",
    }),
    previewUrl: z.boolean().optional().meta({ description: "Show a preview of the first link." }),
    windowClosed: windowClosedSchema.optional(),
  },
  async run(ctx, { text, previewUrl, windowClosed }, input) {
    const rendered = (await renderText(text, input.scope)).trim();
    if (rendered === "") throw new AppError("missing-variable", "The text comes out empty. Give it words.");
    return sendAsRule(ctx, input, { kind: "text", text: rendered, previewUrl }, windowClosed);
  },
});
