import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const locationSchema = z.looseObject({
  latitude: z.coerce.number().min(-90).max(90),
  longitude: z.coerce.number().min(-180).max(180),
  name: z.string().optional().catch(undefined),
  address: z.string().optional().catch(undefined),
  url: z.string().optional().catch(undefined),
});

export const locationKind: MessageKindMapper = (object) => {
  const location = locationSchema.safeParse(object).data;
  if (!location) return undefined;
  const { latitude, longitude, name, address, url } = location;
  return {
    kind: "location",
    text: name ?? address ?? null,
    content: { latitude, longitude, name: name ?? null, address: address ?? null, url: url ?? null },
  };
};
