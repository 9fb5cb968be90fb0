/**
 * What each collection of a tenant holds of a person. Typed by the models, so that a new one does not compile before
 * it is said here how a person's rows are found. SAY IT HERE FOR A NEW MODEL.
 */
import type { CrmSchemas } from "../../../model/saas";

export type PersonalData =
  /** Rows carry the lead's id at this path; they are deleted with the person. */
  | { readonly kind: "by-lead"; readonly path: string; readonly idAs?: "text"; readonly shown: boolean }
  /** Rows hold raw payloads, and the person's numbers are looked for in their text. */
  | { readonly kind: "by-text" }
  /** Nothing of a person; says why one may be sure. */
  | { readonly kind: "none"; readonly why: string };

/** @param shown false for what is only machinery: it is erased, and not part of what a person may ask to see. */
const byLead = (path = "leadId", shown = true): PersonalData => ({ kind: "by-lead", path, shown });
const none = (why: string): PersonalData => ({ kind: "none", why });

const personalData = {
  Activity: byLead(),
  AuditEntry: byLead(),
  AutomationDecision: byLead("leadId", false),
  AutomationEnrollment: none("searches that were made and counts of what they found"),
  AutomationRule: none("what rules say, written by the tenant about nobody"),
  AutomationRun: byLead(),
  AutomationStepLog: byLead("leadId", false),
  AutomationVersion: none("what rules say, written by the tenant about nobody"),
  Broadcast: none("what is sent to many, with variables in place of people, and whom it is for as a search"),
  BroadcastRecipient: byLead(),
  CannedResponse: none("texts for everybody, with variables in place of people"),
  Connection: none("the tenant's own numbers"),
  ContactIdentity: byLead(),
  Conversation: byLead(),
  Counter: none("numbers of the log"),
  CustomField: none("definitions"),
  Erasure: none("the proof itself, which holds keyed hashes only"),
  EventType: none("definitions"),
  IdempotencyKey: byLead("leadId", false),
  // Last of all: while it is there, a crash leaves something to find the rest by.
  Lead: byLead("_id"),
  LeadExport: none("a file of many, which person.files deletes when it names the person"),
  LeadImport: none("a file of many, which person.files deletes when it names the person"),
  LeadImportError: none("rows of such a file; those of the person go with it"),
  MediaAsset: byLead(),
  Meeting: byLead(),
  LostReason: none("reasons that the tenant names"),
  Message: byLead(),
  Note: byLead(),
  Notification: byLead(),
  Outbox: { kind: "by-lead", path: "subject.leadId", idAs: "text", shown: false },
  Pipeline: none("stages"),
  SavedSearch: none("searches that the tenant keeps"),
  SendPace: none("how fast may be sent, by ids of ours, gone within an hour"),
  StageHistory: byLead(),
  Task: byLead(),
  Team: none("the tenant's own people"),
  Template: none("texts that Meta reviewed, with variables in place of people"),
  TenantSettings: none("the tenant's own settings"),
  Vocabulary: none("names of tags and sources"),
  WebhookEvent: { kind: "by-text" },
} as const satisfies Record<keyof CrmSchemas, PersonalData>;

export type PersonalModel = keyof typeof personalData;

/**
 * The models in the order in which a person is shown and erased: first what is found by numbers that timelines know,
 * leads last.
 */
export const personalModels: readonly PersonalModel[] = Object.keys(personalData)
  .filter(isPersonalModel)
  .sort((a, b) => placeOf(a) - placeOf(b));

function placeOf(name: PersonalModel): number {
  if (personalDataOf(name).kind === "by-text") return 0;
  return name === "Lead" ? 2 : 1;
}

function isPersonalModel(name: string): name is PersonalModel {
  return Object.hasOwn(personalData, name);
}

/** What a collection holds of a person, with its widest type. */
export function personalDataOf(name: PersonalModel): PersonalData {
  return personalData[name];
}
