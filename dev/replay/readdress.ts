/** Makes a payload look as if it had come for another tenant. */
import * as z from "zod";
import type { StackTenant } from "../stack/stack.file";
import type { Payload } from "./read.payloads";

const bodySchema = z.looseObject({
  entry: z.array(
    z.looseObject({
      id: z.unknown().optional(),
      changes: z.array(
        z.looseObject({
          value: z
            .looseObject({
              metadata: z.looseObject({}).optional(),
              waba_info: z.looseObject({}).optional(),
            })
            .optional(),
        }),
      ),
    }),
  ),
});

/**
 * Puts the tenant's number and account in place of the ones inside. What does not have a payload's shape stays as it is.
 * The body is written anew: integers above 2^53 lose digits.
 */
export function readdress(payload: Payload, tenant: StackTenant): Payload {
  const parsed = bodySchema.safeParse(jsonOrUndefined(payload.bytes));
  if (!parsed.success) return payload;
  const entry = parsed.data.entry.map((each) => ({
    ...each,
    id: tenant.wabaId,
    changes: each.changes.map((change) => ({ ...change, value: valueFor(change.value, tenant) })),
  }));
  return { name: payload.name, bytes: Buffer.from(JSON.stringify({ ...parsed.data, entry })) };
}

type Value = z.output<typeof bodySchema>["entry"][number]["changes"][number]["value"];

function valueFor(value: Value, tenant: StackTenant): unknown {
  if (value === undefined) return undefined;
  const metadata = value.metadata && {
    ...value.metadata,
    phone_number_id: tenant.phoneNumberId,
    display_phone_number: tenant.displayPhoneNumber.replace(/\D/g, ""),
  };
  return {
    ...value,
    ...(metadata ? { metadata } : {}),
    ...(value.waba_info ? { waba_info: { ...value.waba_info, waba_id: tenant.wabaId } } : {}),
  };
}

function jsonOrUndefined(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined; // broken payloads are replayed too, as they are
  }
}
