import type { TenantContext } from "../../../../lib/context/tenant.context";
import { type Change, commitChange } from "../../../../lib/tenant/commit.change";
import { type ActionInput, type ActionOutput, actionOutputSchema } from "./action";

/**
 * Changes our own data for a step, once: the step's log says so in the same transaction. A retry after a crash finds
 * it there and changes nothing, so that no turn of a team is taken twice and nothing is undone that somebody did since.
 * @returns what the step leaves, also when an earlier try did it
 */
export function changeOnce(
  ctx: TenantContext,
  { effectKey }: Pick<ActionInput, "effectKey">,
  body: (change: Change) => Promise<ActionOutput>,
): Promise<ActionOutput> {
  return commitChange(ctx, async (change) => {
    const { AutomationStepLog } = change.models;
    const log = await AutomationStepLog.findOne({ effectKey }).session(change.session).lean();
    if (log?.status === "succeeded") return actionOutputSchema.parse(log.output);
    const output = await body(change);
    await AutomationStepLog.updateOne(
      { effectKey },
      { $set: { status: "succeeded", output } },
      { session: change.session },
    );
    return output;
  });
}
