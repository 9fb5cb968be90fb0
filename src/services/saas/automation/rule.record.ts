/** Rules in somebody's change: found, written, and told of. */
import { Types } from "mongoose";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import type { AutomationRuleRecord } from "../../../model/saas/automation.rule.schema";

/** @throws AppError not-found */
export async function ruleInChange({ models, session }: Change, id: string): Promise<AutomationRuleRecord> {
  return found(await models.AutomationRule.findById(new Types.ObjectId(id)).session(session).lean());
}

/** @throws AppError not-found */
export function found(record: AutomationRuleRecord | null): AutomationRuleRecord {
  if (!record) throw new AppError("not-found", "There is no such rule.");
  return record;
}

/** @throws AppError invalid-state for a rule that was deleted */
export function living(record: AutomationRuleRecord): AutomationRuleRecord {
  if (record.state !== "archived") return record;
  throw new AppError(
    "invalid-state",
    "The rule is deleted: it can be read, and not changed. Create a new one.",
  );
}

export async function writeRule(
  change: Change,
  { _id }: Pick<AutomationRuleRecord, "_id">,
  fields: Partial<AutomationRuleRecord>,
): Promise<AutomationRuleRecord> {
  const rule = await change.models.AutomationRule.findOneAndUpdate(
    { _id },
    { $set: { ...fields, updatedAt: change.now }, $inc: { version: 1 } },
    { session: change.session, returnDocument: "after" },
  ).lean();
  return found(rule);
}

export function recordRuleChange(change: Change, rule: AutomationRuleRecord): void {
  change.record({
    type: "automation_updated",
    subject: { ruleId: rule._id.toHexString() },
    data: { enabled: rule.enabled, state: rule.state, publishedVersion: rule.publishedVersion },
  });
}
