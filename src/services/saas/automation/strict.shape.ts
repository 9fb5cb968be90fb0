import * as z from "zod";
import { didYouMean } from "../../../contracts/suggestion";

/** A strict object that tells, of a field it does not know, which one was meant. */
export function strictShape<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `There is no such field here.${didYouMean(issue.keys?.[0] ?? "", known)}`
        : undefined,
  });
}
