/** Conditions: checked at save, judged against data, or turned into a query. One grammar for rules and searches. */
export { type ConditionUse, checkCondition } from "./check.condition";
export { conditionToFilter } from "./condition.filter";
export { evaluateCondition, type TraceLine, type Verdict } from "./evaluate.condition";
export { type ConditionField, type ConditionFields, type FieldType, findField } from "./field";
export { conditionOperators } from "./operators";
export { readPath } from "./read.path";
export { foldText } from "./text";
