import { createHash } from "node:crypto";

const maxLength = 200;

/** Id of an event that Meta caused: the same however often Meta tells it, and never longer than ids may be. */
export function inboundEventId(type: string, ...parts: readonly string[]): string {
  const id = [type, ...parts].join(":");
  if (id.length <= maxLength) return id;
  return `${type}:${createHash("sha256").update(parts.join(":")).digest("hex")}`;
}
