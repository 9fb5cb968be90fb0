/** What a person must look at. */
import type { ClientCode } from "../../../contracts/common.contract";
import { now } from "../../../lib/clock/clock";
import { getCentralModels } from "../../../lib/db/get.central.models";

export interface AlertDraft {
  readonly clientCode: ClientCode;
  readonly code: string;
  /** What it is about: alerts of one code and ref are one while it is open. */
  readonly ref: string;
  /** Our sentence: ids and codes, never a phone number, a name or a text. */
  readonly detail: string;
}

/** Opens an alert, or counts one more of the open one. */
export async function raiseAlert({ clientCode, code, ref, detail }: AlertDraft): Promise<void> {
  const { Alert } = await getCentralModels();
  const at = now();
  await Alert.updateOne(
    { clientCode, code, ref, state: "open" },
    { $set: { detail, lastAt: at }, $setOnInsert: { firstAt: at }, $inc: { count: 1 } },
    { upsert: true },
  );
}
