import type { Condition } from "../../../contracts/condition.contract";
import {
  type ConditionField,
  type ConditionFields,
  evaluateCondition,
  type FieldType,
  type Verdict,
} from "../../../lib/condition";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import { type DeclaredField, leadFields } from "../crm/lead.fields";

/** What rules may ask beside the lead. ADD A FIELD HERE when `readScope` tells more. */
const others: Readonly<Record<string, FieldType>> = {
  "conversation.id": "id",
  "conversation.status": "text",
  "conversation.priority": "text",
  "conversation.assigneeId": "key",
  "conversation.labels": "text_list",
  "conversation.windowExpiresAt": "time",
  "message.id": "id",
  "message.kind": "text",
  "message.text": "text",
  "message.direction": "text",
  "message.sender.type": "text",
  "tenant.name": "text",
};

const otherFields = Object.entries(others).map(([path, type]): [string, ConditionField] => [
  path,
  { path, type },
]);

/** Everything that conditions of rules may name: the lead, what belongs to the event, and the event's own data. */
export function ruleFields(
  customFields: readonly DeclaredField[],
  pipelines: readonly PipelineRecord[] = [],
): ConditionFields {
  return {
    named: new Map([...leadFields(customFields, pipelines).named, ...otherFields]),
    open: ["event.", "changes.", "steps.", "vars."],
  };
}

/** Judges a condition of a rule against its scope. */
export function judgeCondition(
  condition: Condition,
  scope: Readonly<Record<string, unknown>> & { readonly customFields?: readonly DeclaredField[] },
  now: Date,
): Verdict {
  return evaluateCondition(condition, scope, ruleFields(scope.customFields ?? []), now);
}
