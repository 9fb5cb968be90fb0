/** Reads webhook payloads out of files, whatever they are wrapped in. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import * as z from "zod";
import { ReplayError } from "./command.options";

export interface Payload {
  /** The file, and the place in it when it holds several. */
  readonly name: string;
  /** The exact bytes that are posted. */
  readonly bytes: Buffer;
}

/** @throws ReplayError when a path is not there, or holds no JSON file at all */
export async function readPayloads(paths: readonly string[]): Promise<Payload[]> {
  const payloads: Payload[] = [];
  for (const path of paths) {
    for (const file of await filesIn(path)) payloads.push(...(await payloadsOf(file)));
  }
  if (payloads.length === 0) throw new ReplayError(`There is no JSON file in ${paths.join(", ")}.`);
  return payloads;
}

async function filesIn(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new ReplayError(`${path} cannot be read: there is no such file or folder, or no permission.`, {
      cause,
    });
  });
  if (info.isFile()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => /\.(json|jsonl|ndjson)$/i.test(name))
    .sort()
    .map((name) => join(path, name));
}

async function payloadsOf(file: string): Promise<Payload[]> {
  const bytes = await readFile(file);
  const name = basename(file);
  const parsed = parse(bytes.toString("utf8"));
  // What is no JSON at all is posted as it is: the stack must live with that too.
  if (parsed === undefined) return [{ name, bytes }];
  const found = unwrap(parsed);
  const [only] = found;
  if (found.length === 1 && only === parsed) return [{ name, bytes }];
  return found.map((payload, index) => ({
    name: found.length === 1 ? name : `${name}#${index + 1}`,
    bytes: Buffer.from(JSON.stringify(payload)),
  }));
}

/** JSON, or JSON lines. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseLines(text);
  }
}

function parseLines(text: string): unknown {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length < 2) return undefined;
  try {
    return lines.map((line): unknown => JSON.parse(line));
  } catch {
    return undefined; // neither: the caller posts the bytes
  }
}

const entrySchema = z.looseObject({ changes: z.array(z.unknown()) });
const changeSchema = z.looseObject({ field: z.string(), value: z.unknown() });
const valueSchema = z.looseObject({ messaging_product: z.string(), metadata: z.looseObject({}) });
const wrappers = ["body", "payload", "data", "event", "webhook", "Message", "request"] as const;
const listWrappers = ["Records", "payloads", "events", "webhooks"] as const;

/** @returns the payloads inside, or what was given when nothing known is around it. */
function unwrap(given: unknown): unknown[] {
  if (Array.isArray(given)) return given.flatMap(unwrap);
  const record = z.record(z.string(), z.unknown()).safeParse(given).data;
  if (!record || "entry" in record || "object" in record) return [given];
  if (entrySchema.safeParse(record).success) return [enveloped([record])];
  if (changeSchema.safeParse(record).success) return [enveloped([{ id: "0", changes: [record] }])];
  if (valueSchema.safeParse(record).success)
    return [enveloped([{ id: "0", changes: [{ field: "messages", value: record }] }])];
  const list = listWrappers.map((key) => record[key]).find(Array.isArray);
  if (list) return list.flatMap(unwrap);
  const inner = wrappers.map((key) => record[key]).find((value) => value !== undefined);
  if (inner === undefined) return [given];
  if (typeof inner !== "string") return unwrap(inner);
  const text = record.isBase64Encoded === true ? Buffer.from(inner, "base64").toString("utf8") : inner;
  const parsed = parse(text);
  return parsed === undefined ? [given] : unwrap(parsed);
}

function enveloped(entry: unknown[]): unknown {
  return { object: "whatsapp_business_account", entry };
}
