/** Cursors of keyset pages: opaque, signed, and good only for the list that gave them. */
import { Types } from "mongoose";
import * as z from "zod";
import type { ClientCode } from "../../contracts/common.contract";
import { equalInConstantTime } from "../crypto/hmac";
import { keyedHash } from "../crypto/keyed.hash";
import { AppError } from "../errors/app.error";

/** Values of the sort fields of a page's last row. */
export type CursorValue = string | number | boolean | null | Date | Types.ObjectId;

/** The list that a cursor belongs to. */
export interface CursorScope {
  /** Null for the platform's own lists. */
  readonly clientCode: ClientCode | null;
  /** operationId of the list's route. */
  readonly route: string;
  readonly sort: unknown;
  /** The caller's filter. Key order counts, so give it as the schema parsed it. */
  readonly filter: unknown;
}

const signatureLength = 32;

const storedValueSchema = z.union([
  z.strictObject({ date: z.number() }).transform(({ date }) => new Date(date)),
  z.strictObject({ id: z.string().regex(/^[0-9a-f]{24}$/) }).transform(({ id }) => new Types.ObjectId(id)),
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
]);

/** Makes the cursor of the place behind a row with these values. */
export function encodeCursor(scope: CursorScope, position: readonly CursorValue[]): string {
  const payload = Buffer.from(JSON.stringify(position.map(storable))).toString("base64url");
  return signature(scope, payload) + payload;
}

/**
 * Reads a cursor of this very list.
 * @throws AppError invalid-cursor when it was changed, or given by another tenant, route, sort or filter
 */
export function decodeCursor(scope: CursorScope, cursor: string): CursorValue[] {
  const payload = cursor.slice(signatureLength);
  if (!equalInConstantTime(cursor.slice(0, signatureLength), signature(scope, payload)))
    throw invalidCursor();
  return z.array(storedValueSchema).parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
}

function signature(scope: CursorScope, payload: string): string {
  const bound = JSON.stringify([scope.clientCode, scope.route, scope.sort, scope.filter, payload]);
  return keyedHash("cursor", bound).slice(0, signatureLength);
}

function storable(value: CursorValue): unknown {
  if (value instanceof Date) return { date: value.getTime() };
  return value instanceof Types.ObjectId ? { id: value.toHexString() } : value;
}

/** The 400 of a cursor that is not one of this list. */
export function invalidCursor(): AppError {
  return new AppError(
    "invalid-cursor",
    "The cursor is not one that this list gave with the same filter and sort. Start again without it.",
    {
      errors: [
        { pointer: "/query/cursor", code: "invalid-cursor", detail: "Take nextCursor of the page before." },
      ],
    },
  );
}
