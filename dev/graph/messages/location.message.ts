import * as z from "zod";
import { parseParameter } from "./parameter";
import type { MessageCheck } from "./send.context";

function degrees(limit: number) {
  return z.coerce.number("must be a number").min(-limit).max(limit);
}

export const locationSchema = z.strictObject({
  latitude: degrees(90),
  longitude: degrees(180),
  name: z.string().max(1000).optional(),
  address: z.string().max(1000).optional(),
});

export const checkLocation: MessageCheck = (content) => {
  parseParameter(locationSchema, content, "location");
  return {};
};
