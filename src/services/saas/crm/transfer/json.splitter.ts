import { ImportFailure } from "./import.failure";

/** More than any lead is. */
const maxObjectLength = 256 * 1024;
const space = /\s/;

/**
 * Cuts a text into its objects while it streams in: those of one list, or one after the other (a line each, or not).
 * Only where an object begins and ends is looked at; whether it is JSON is for its parser.
 * @throws ImportFailure for anything but objects, and for one that is too long or does not end.
 */
export async function* splitObjects(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let object = "";
  let depth = 0;
  let inText = false;
  let escaped = false;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const sign = chunk[at] ?? "";
      if (inText) {
        if (escaped) escaped = false;
        else if (sign === "\\") escaped = true;
        else if (sign === '"') inText = false;
      } else if (depth > 0) {
        if (sign === '"') inText = true;
        else if (sign === "{" || sign === "[") depth += 1;
        else if (sign === "}" || sign === "]") depth -= 1;
        if (depth === 0) {
          yield object + chunk.slice(from, at + 1);
          object = "";
        }
      } else if (sign === "{") {
        depth = 1;
        from = at;
      } else if (!(sign === "[" || sign === "]" || sign === "," || space.test(sign))) {
        throw notObjects();
      }
    }
    if (depth > 0) object += chunk.slice(from);
    if (object.length > maxObjectLength)
      throw new ImportFailure(
        "invalid-file",
        `An object of the file is longer than ${maxObjectLength} characters.`,
      );
  }
  if (depth > 0) throw new ImportFailure("invalid-file", "The file ends in the middle of an object.");
}

function notObjects(): ImportFailure {
  return new ImportFailure(
    "invalid-file",
    "The file must be a list of JSON objects, or one object per line.",
  );
}
