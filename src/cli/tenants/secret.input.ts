import { text } from "node:stream/consumers";

/** A secret given as an option; `-` takes it from stdin, so that it stands in no shell history or process list. */
export async function secretOf(option: string | undefined): Promise<string | undefined> {
  return option === "-" ? (await text(process.stdin)).trim() : option;
}
