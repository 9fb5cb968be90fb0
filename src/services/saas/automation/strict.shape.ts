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

/** Settings of which exactly one is given: what is wrong with these, told at the first of them. */
export function oneOfProblem(
  names: readonly string[] | undefined,
  settings: object,
): { path: string[]; message: string } | undefined {
  if (!names) return undefined;
  const given = names.filter((name) => Reflect.get(settings, name) !== undefined);
  if (given.length === 1) return undefined;
  return { path: names.slice(0, 1), message: `needs exactly one of ${names.join(", ")}` };
}
