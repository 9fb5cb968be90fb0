import { trusted } from "mongoose";
import { type ConditionOperator, everyType, negated } from "./operator";
import { isMissing } from "./values";

const exists: ConditionOperator = {
  types: everyType,
  evaluate: (it) => !isMissing(it.actual),
  toQuery: ({ stored }) => ({ [stored.path]: trusted({ $ne: null }) }),
};

/** Missing, a text of nothing but spaces, or a list of nothing. */
const isEmpty: ConditionOperator = {
  types: everyType,
  evaluate: ({ actual }) =>
    isMissing(actual) ||
    (typeof actual === "string" && actual.trim() === "") ||
    (Array.isArray(actual) && actual.length === 0),
  toQuery: ({ stored, type }) => {
    // In a list an empty text would be one of the values.
    if (type === "text_list") return { [stored.path]: trusted({ $in: [null, []] }) };
    if (stored.mixed) return { [stored.folded ?? stored.path]: trusted({ $in: [null, "", []] }) };
    if (type === "text") return { [stored.folded ?? stored.path]: trusted({ $in: [null, ""] }) };
    return { [stored.path]: null };
  },
};

export const presenceOperators = {
  exists,
  not_exists: negated(exists),
  is_empty: isEmpty,
  is_not_empty: negated(isEmpty),
};
