import * as z from "zod";
import { limitedText, parseParameter } from "./parameter";
import type { MessageCheck } from "./send.context";

const textSchema = z.strictObject({ body: limitedText(4096), preview_url: z.boolean().optional() });

export const checkText: MessageCheck = (content) => {
  parseParameter(textSchema, content, "text");
  return {};
};
