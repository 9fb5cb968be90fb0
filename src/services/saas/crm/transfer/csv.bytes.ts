import { Readable } from "node:stream";
import { guarded } from "./formula.guard";

/**
 * Lines as a CSV file in UTF-8 (RFC 4180), with the mark by which spreadsheets know the encoding.
 * @param isStart false for what follows in a file that was begun: it has no mark.
 */
export async function* csvBytes(
  lines: AsyncIterable<readonly string[]>,
  isStart = true,
): AsyncGenerator<Uint8Array> {
  const { stringify } = await import("csv-stringify");
  const source = Readable.from(guardedLines(lines), { objectMode: true });
  const text = stringify({ bom: isStart, record_delimiter: "\r\n" });
  source.on("error", (error) => text.destroy(error));
  try {
    for await (const chunk of source.pipe(text)) yield toBytes(chunk);
  } finally {
    source.destroy();
  }
}

async function* guardedLines(lines: AsyncIterable<readonly string[]>): AsyncGenerator<string[]> {
  for await (const line of lines) yield line.map(guarded);
}

function toBytes(chunk: unknown): Uint8Array {
  return chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
}
