/** Conditions: checked at save, judged against data, or turned into a query. One grammar for rules and searches. */
export { checkCondition } from "./check.condition";
export { conditionToFilter } from "./condition.filter";
export { evaluateCondition, type TraceLine, type Verdict } from "./evaluate.condition";
export type { ConditionField, ConditionFields, FieldType } from "./field";
export { conditionOperators } from "./operators";
export { readPath } from "./read.path";
