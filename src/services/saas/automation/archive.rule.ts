/** The end of a rule: it starts nothing, its runs end, and what it did can still be read. */
import { Types } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { commitChange } from "../../../lib/tenant/commit.change";
import { changeRuleInChange } from "./automation.service";
import { endRunsOf } from "./end.runs";

/**
 * Deletes a rule for its users: lists leave it out, nobody can change or enable it again, and its living runs are
 * cancelled with the reason `rule_deleted`. Its runs, decisions and versions stay readable. Doing it again changes nothing.
 * @throws AppError not-found, precondition-failed
 */
export async function archiveRule(
  ctx: TenantContext,
  { id, ifMatch }: { id: string; ifMatch: number | undefined },
): Promise<void> {
  const ruleId = new Types.ObjectId(id);
  await commitChange(ctx, async (change) => {
    await changeRuleInChange(ctx, change, { id, ifMatch }, (record) =>
      record.state === "archived" ? undefined : { state: "archived", enabled: false },
    );
    // One that a crash leaves ends when it wants to take its next step: it finds no rule to follow.
    change.afterCommit(async () => {
      await endRunsOf(ctx, { ruleId }, { status: "cancelled", exitReason: "rule_deleted" });
    });
  });
}
