import type { ConnectionRecord } from "../../../model/saas/connection.schema";

type Known = Pick<ConnectionRecord, "codeVerification" | "nameStatus" | "platform">;

/** What Meta still wants before a number works in full, in sentences for a person; what Meta does not say is not missing. */
export function missingAtMeta({
  codeVerification = null,
  nameStatus = null,
  platform = null,
}: Known): string[] {
  return [
    ...(platform !== null && platform !== "CLOUD_API"
      ? ["The number is not registered for the Cloud API. Register it with its PIN at Meta."]
      : []),
    ...(codeVerification !== null && codeVerification !== "VERIFIED"
      ? [`The number is not verified (${codeVerification}). Enter the code that Meta sends to it.`]
      : []),
    ...(nameStatus !== null && !nameStatus.startsWith("APPROVED") && nameStatus !== "AVAILABLE_WITHOUT_REVIEW"
      ? [`The display name is not approved (${nameStatus}). Check it in Meta's WhatsApp Manager.`]
      : []),
  ];
}
