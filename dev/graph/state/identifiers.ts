/** Ids that look like Meta's. */
import { createHash, randomBytes, randomInt } from "node:crypto";

/** A fresh decimal id of 15 digits (media, uploads). */
export function newObjectId(): string {
  return `1${String(randomInt(10 ** 7)).padStart(7, "0")}${String(randomInt(10 ** 7)).padStart(7, "0")}`;
}

/**
 * The id of a template: the same after a restart, and always above 2^53, where a number read by JSON.parse
 * loses digits, since webhooks carry it as a JSON integer.
 */
export function templateIdOf(wabaId: string, name: string, language: string, generation: number): string {
  const hash = createHash("sha256").update(`${wabaId}\n${name}\n${language}\n${generation}`).digest();
  return `1${String(hash.readBigUInt64BE() % 10n ** 16n).padStart(16, "0")}`;
}

/**
 * A message id. Meta's is opaque base64 over the user's number and a random part; ours is built alike
 * so that its length and alphabet (`=` included) are real.
 */
export function newWamid(user: string, direction: "outbound" | "inbound"): string {
  const random = randomBytes(10).toString("hex").toUpperCase();
  const tail = direction === "outbound" ? random.slice(0, 18) : random;
  const marker = direction === "outbound" ? 0x11 : 0x12;
  const who = Buffer.from(user.slice(0, 60), "latin1");
  return `wamid.${Buffer.concat([
    Buffer.from([0x1c, 0x18, who.length]),
    who,
    Buffer.from([0x15, 0x02, 0x00, marker, 0x18, tail.length]),
    Buffer.from(tail, "latin1"),
    Buffer.from([0x00]),
  ]).toString("base64")}`;
}

/** Business-scoped user id: the same person has another one at every WABA. */
export function userIdOf(wabaId: string, personKey: string, country: string): string {
  const hash = createHash("sha256").update(`${wabaId}\n${personKey}`).digest();
  return `${country}.${String(hash.readBigUInt64BE()).padStart(20, "1")}`;
}
