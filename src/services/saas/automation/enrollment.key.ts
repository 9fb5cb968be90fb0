/** What decides whether a lead may enter a rule: keys that are unique in the database, so that nobody enters twice. */

import { createHash } from "node:crypto";
import type { CrmEvent } from "../../../contracts/crm.event.contract";
import { readPath } from "../../../lib/condition";
import { durationMs } from "../../../lib/duration/duration";
import type { AutomationRunRecord } from "../../../model/saas/automation.run.schema";
import { renderText } from "./render";
import type { RuleDefinition } from "./rule.contract";
import type { RuleScope } from "./scope";

export interface Enrollment {
  readonly enrollmentKey: string;
  readonly concurrencyKey: string | null;
  readonly scopeKey: string;
  readonly watched: string | null;
}

/** The run before, of the same lead, rule and key: what cooldown and on_change look back to. */
export type Before = Pick<AutomationRunRecord, "_id" | "startedAt" | "watched">;

/** @throws AppError missing-variable when the rule's own key names something that has no value. */
export async function scopeKeyOf(definition: RuleDefinition, scope: RuleScope): Promise<string> {
  const { key } = definition.enrollment;
  return key === undefined ? "" : `key:${await renderText(key, scope)}`;
}

/**
 * Where a rule looks back to the run before, its key is its place behind that run: of two events that see the same run
 * before, one enters, and the other sees it.
 * @returns why the lead may not enter, or the keys that it enters under.
 */
export function enrollmentOf(
  definition: RuleDefinition,
  event: CrmEvent,
  scope: RuleScope,
  scopeKey: string,
  before: Before | undefined,
  now: Date,
): Enrollment | { refused: "cooldown" | "already_enrolled"; reason: string } {
  const { reentry, cooldown, watch } = definition.enrollment;
  const watched = watch === undefined ? null : hashOf(watch.map((path) => readPath(scope, path) ?? null));
  if (before && cooldown && before.startedAt.getTime() + durationMs(cooldown) > now.getTime())
    return { refused: "cooldown", reason: `The lead entered less than ${cooldown} ago.` };
  if (before && reentry === "on_change" && before.watched === watched)
    return { refused: "already_enrolled", reason: "None of the watched fields changed since the last time." };
  const prefix = scopeKey === "" ? "" : `${scopeKey}:`;
  const concurrencyKey = reentry === "after_exit" ? `${prefix}living` : null;
  return { enrollmentKey: keyOf(), concurrencyKey, scopeKey, watched };

  function keyOf(): string {
    if (reentry === "never") return scopeKey || "once";
    if (cooldown || reentry === "on_change") return `${prefix}behind:${before?._id.toHexString() ?? "none"}`;
    if (reentry === "after_exit") return `${prefix}${event.id}`;
    return scopeKey || event.id;
  }
}

const hashOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
