/** Files of leads as rows, one at a time: nothing here holds more than a few of them. */
import { Readable } from "node:stream";
import { TextDecoder } from "node:util";
import { ImportFailure } from "./import.failure";
import { splitObjects } from "./json.splitter";

/** A row as it stands in the file. */
export interface RawRow {
  /** From 1, without the head of a CSV file. */
  readonly row: number;
  readonly cells: ReadonlyMap<string, unknown>;
  /** Set when the row itself is malformed. */
  readonly problem?: { readonly code: string; readonly detail: string };
}

export interface ReadOptions {
  readonly format: "csv" | "json";
  readonly delimiter: string | null;
}

const maxColumns = 200;
const maxRecordBytes = 256 * 1024;

/**
 * Reads rows.
 * @param onBytes told of the bytes read so far.
 * @throws ImportFailure when it is no such file.
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  { format, delimiter }: ReadOptions,
  onBytes: (read: number) => void,
): AsyncGenerator<RawRow> {
  const text = decoded(bytes, onBytes);
  yield* format === "csv" ? readCsv(text, delimiter) : readJson(text);
}

/** UTF-8 with or without a byte order mark, or UTF-16 with one, as spreadsheets save it. */
async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (read: number) => void,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let read = 0;
  try {
    for await (const chunk of bytes) {
      decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
      read += chunk.length;
      onBytes(read);
      yield decoder.decode(chunk, { stream: true });
    }
    const rest = decoder?.decode() ?? "";
    if (rest) yield rest;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ImportFailure(
      "not-utf8",
      "The file is not text in UTF-8. Save it as UTF-8 and try again.",
      error,
    );
  }
}

function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  return head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-8";
}

async function* readCsv(text: AsyncGenerator<string>, delimiter: string | null): AsyncGenerator<RawRow> {
  const { parse, CsvError } = await import("csv-parse");
  const first = await text.next();
  const head = first.done ? "" : first.value;
  const parser = parse({
    delimiter: delimiter ?? delimiterOf(head),
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: maxRecordBytes,
  });
  const source = Readable.from(prefixed(head, text), { objectMode: true });
  source.on("error", (error) => parser.destroy(error));
  let columns: string[] | undefined;
  let row = 0;
  try {
    for await (const record of source.pipe(parser)) {
      const cells = cellsOf(record);
      if (!columns) {
        columns = requireColumns(cells);
        continue;
      }
      row += 1;
      yield { row, ...csvRow(columns, cells) };
    }
  } catch (error) {
    throw error instanceof CsvError
      ? new ImportFailure(
          "invalid-file",
          `The file is not well-formed CSV behind row ${row}: a quote is not closed or stands in the wrong place, or a row is too long.`,
          error,
        )
      : error;
  } finally {
    source.destroy();
  }
  if (!columns) throw new ImportFailure("empty-file", "The file is empty.");
}

async function* prefixed(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

function cellsOf(record: unknown): string[] {
  return Array.isArray(record) ? record.map(String) : [];
}

function requireColumns(names: readonly string[]): string[] {
  const columns = names.map((name) => name.trim());
  if (columns.length > maxColumns)
    throw new ImportFailure("too-many-columns", `A file has at most ${maxColumns} columns.`);
  const named = columns.filter((name) => name !== "");
  if (named.length === 0)
    throw new ImportFailure("invalid-file", "The first line must name the columns, and it names none.");
  if (new Set(named).size < named.length)
    throw new ImportFailure("duplicate-column", "Two columns of the file have the same name. Rename one.");
  return columns;
}

function csvRow(columns: readonly string[], cells: readonly string[]): Omit<RawRow, "row"> {
  const named = new Map(
    columns.flatMap((name, i): [string, string][] => (name ? [[name, cells[i] ?? ""]] : [])),
  );
  if (cells.length <= columns.length || cells.slice(columns.length).every((cell) => cell.trim() === ""))
    return { cells: named };
  const detail = `The row has ${cells.length} values for ${columns.length} columns. Put values that hold the delimiter in quotes.`;
  return { cells: named, problem: { code: "too-many-values", detail } };
}

/** The most frequent of the usual delimiters in the first line, outside of quotes. */
function delimiterOf(head: string): string {
  const [line = ""] = head.replace(/"[^"]*"/g, "").split(/\r?\n/, 1);
  const counted = [",", ";", "\t", "|"].map((sign) => ({ sign, count: line.split(sign).length }));
  return counted.reduce((best, each) => (each.count > best.count ? each : best)).sign;
}

async function* readJson(text: AsyncGenerator<string>): AsyncGenerator<RawRow> {
  let row = 0;
  for await (const object of splitObjects(text)) {
    row += 1;
    yield { row, ...jsonRow(object) };
  }
}

function jsonRow(text: string): Omit<RawRow, "row"> {
  try {
    const value: unknown = JSON.parse(text);
    const cells = new Map(typeof value === "object" && value !== null ? flattened(value, "") : []);
    return { cells };
  } catch {
    return {
      cells: new Map(),
      problem: { code: "malformed-json", detail: "The object is not well-formed JSON." },
    };
  }
}

/** `{value: {amount: 5}}` -> `value.amount`; lists stay values. */
function flattened(value: object, prefix: string): [string, unknown][] {
  return Object.entries(value).flatMap(([name, part]: [string, unknown]): [string, unknown][] => {
    const path = prefix ? `${prefix}.${name}` : name;
    const nested = typeof part === "object" && part !== null && !Array.isArray(part);
    return nested && path.split(".").length < 4 ? flattened(part, path) : [[path, part]];
  });
}
