/** Fields of Meta's that are kept raw and counted, and why nothing more is done with them. */
const reasons: ReadonlyMap<string, string> = new Map([
  ["history", "Chats from before the number was connected are kept raw; they are not imported."],
  ["smb_app_state_sync", "Contacts of the phone app are kept raw; they are not imported."],
  ["calls", "Calls are kept raw; they are not shown."],
  ["flows", "The state of flows is kept raw; look at it in Meta's WhatsApp Manager."],
  ["group_lifecycle_update", "Groups are not supported; it is kept raw."],
  ["group_participants_update", "Groups are not supported; it is kept raw."],
  ["group_settings_update", "Groups are not supported; it is kept raw."],
  ["group_status_update", "Groups are not supported; it is kept raw."],
]);

export function unusedReason(field: string): string {
  return reasons.get(field) ?? "Nothing here listens to changes of this field; it is kept raw.";
}
