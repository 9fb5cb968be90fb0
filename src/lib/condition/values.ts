/** Reading values of each type: what a caller wrote, and what stands in a document. */
import * as z from "zod";
import type { FieldType } from "./field";
import { exactText, foldText } from "./text";

export const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;

const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const timeText = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const dayText = z.iso.date();

/** A number, also one written as a text. */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  return undefined;
}

/** An instant in ms; a day is its beginning in UTC. */
export function asTime(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  return typeof value === "string" && timeText.safeParse(value).success ? Date.parse(value) : undefined;
}

/** Texts, and what is written as one in the data of events. */
export function asText(value: unknown, caseSensitive: boolean): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  return caseSensitive ? exactText(String(value)) : foldText(String(value));
}

/**
 * One value of a condition as its field's type reads it. Null stands for nothing and fits every type.
 * @returns undefined when it is no value of this type.
 */
export function readValue(type: FieldType, value: unknown): unknown {
  if (value === null || type === "any") return value;
  switch (type) {
    case "number":
      return asNumber(value);
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "time": {
      const time = asTime(value);
      return time === undefined ? undefined : new Date(time);
    }
    case "day":
      return dayText.safeParse(value).success ? value : undefined;
    case "key":
    case "id":
      return typeof value === "string" ? exactText(value) : undefined;
    case "text":
    case "text_list":
      return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  }
}

/** Is this a value that a field of this type holds? */
export function fitsType(type: FieldType, value: unknown): boolean {
  switch (type) {
    case "any":
      return true;
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "time":
      return asTime(value) !== undefined;
    case "day":
      return typeof value === "string" && dayPattern.test(value);
    case "key":
    case "id":
    case "text":
      return typeof value === "string";
    case "text_list":
      return Array.isArray(value) && value.every((each) => typeof each === "string");
  }
}
