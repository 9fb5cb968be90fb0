import { Schema, type Types } from "mongoose";
import type { Actor, Money } from "../../contracts/common.contract";
import { leadStatuses } from "../../contracts/lead.contract";
import { anyId, anyText, anyTime, type BaseRecord, recordSchema } from "../record.schema";

export interface LeadPhone {
  e164: string;
  raw: string;
  country: string | null;
  /** Other spellings WhatsApp may use for the same person (Brazil's ninth digit, Mexico's 1). */
  candidates: string[];
}

export interface ChannelConsent {
  optIn: boolean;
  at: Date;
  source: "inbound" | "api" | "import" | "user_preferences";
}

export interface LeadMerging {
  since: Date;
  conversations: { from: Types.ObjectId; to: Types.ObjectId }[];
}

/** When what WhatsApp told of the person was true: the newest wins, in whatever order messages are processed. */
export interface WhatsAppSeen {
  waId?: Date | null;
  userId?: Date | null;
  name?: Date | null;
  username?: Date | null;
}

/** What a lead is found by; made by lib/search, never written by hand. */
export interface LeadSearch {
  /** Texts as conditions compare them, by field; of the tenant's own fields those that are filterable. */
  fold: Record<string, unknown>;
  words: string[];
  likeName: string | null;
  likeAddress: string | null;
}

export interface LeadRecord extends BaseRecord {
  firstName: string | null;
  lastName: string | null;
  displayName: string;
  phone: LeadPhone | null;
  waId: string | null;
  waUserId: string | null;
  username: string | null;
  /** The profile name the person chose, as last told; the lead's own name follows it until somebody writes another. */
  waProfileName: string | null;
  waSeen: WhatsAppSeen;
  emailLower: string | null;
  /** Numbers and addresses of leads that were merged into this one; absent until then. They lead here too. */
  otherPhones?: LeadPhone[];
  otherEmails?: string[];
  externalIds: { system: string; id: string }[];
  company: string | null;
  ownerId: string | null;
  teamId: Types.ObjectId | null;
  pipelineId: Types.ObjectId | null;
  stageId: Types.ObjectId | null;
  stageEnteredAt: Date | null;
  /** When it was told that the lead stands in its stage for too long; once per stay. */
  stalledAt: Date | null;
  rank: string | null;
  status: (typeof leadStatuses)[number];
  wonAt: Date | null;
  lostAt: Date | null;
  lostReasonKey: string | null;
  value: Money | null;
  score: number;
  source: string | null;
  sourceDetail: Record<string, unknown> | null;
  tags: string[];
  custom: Record<string, unknown>;
  timezone: string | null;
  locale: string | null;
  /** `marketing` is what the person chose in WhatsApp for marketing messages alone; null: they never chose. */
  consent: {
    whatsapp: ChannelConsent | null;
    marketing?: ChannelConsent | null;
    email?: ChannelConsent | null;
  };
  /** The tenant was asked to leave the person alone. */
  doNotContact: boolean;
  /** Why; null or absent while the mark is not set. */
  doNotContactReason?: string | null;
  lastInboundAt: Date | null;
  lastOutboundAt: Date | null;
  lastActivityAt: Date;
  nextMeetingAt: Date | null;
  /** Leads that were merged into this one; absent until then. */
  mergedFrom?: Types.ObjectId[];
  /** The lead that took this one in: its id leads there. */
  mergedInto: Types.ObjectId | null;
  /** While rows of a merged lead are still on their way: since when, and which conversations became which. */
  merging?: LeadMerging | null;
  deletedAt: Date | null;
  createdBy: Actor;
  /** Absent until the tenant's migration or reindexing reached the lead; null once it is deleted. */
  search?: LeadSearch | null;
}

const phoneSchema = new Schema(
  { e164: String, raw: String, country: { type: String, default: null }, candidates: [String] },
  { _id: false },
);

const consentSchema = new Schema({ optIn: Boolean, at: Date, source: String }, { _id: false });

export const leadSchema = recordSchema<LeadRecord>("leads", {
  firstName: { type: String, default: null },
  lastName: { type: String, default: null },
  displayName: { type: String, required: true },
  phone: { type: phoneSchema, default: null },
  waId: { type: String, default: null },
  waUserId: { type: String, default: null },
  username: { type: String, default: null },
  waProfileName: { type: String, default: null },
  waSeen: {
    type: new Schema({ waId: Date, userId: Date, name: Date, username: Date }, { _id: false }),
    default: () => ({}),
  },
  emailLower: { type: String, default: null },
  otherPhones: { type: [phoneSchema], default: undefined },
  otherEmails: { type: [String], default: undefined },
  externalIds: [new Schema({ system: String, id: String }, { _id: false })],
  company: { type: String, default: null },
  ownerId: { type: String, default: null },
  teamId: { type: Schema.Types.ObjectId, default: null },
  pipelineId: { type: Schema.Types.ObjectId, default: null },
  stageId: { type: Schema.Types.ObjectId, default: null },
  stageEnteredAt: { type: Date, default: null },
  stalledAt: { type: Date, default: null },
  rank: { type: String, default: null },
  status: { type: String, enum: leadStatuses, default: "open" },
  wonAt: { type: Date, default: null },
  lostAt: { type: Date, default: null },
  lostReasonKey: { type: String, default: null },
  value: { type: new Schema({ amount: Number, currency: String }, { _id: false }), default: null },
  score: { type: Number, default: 0 },
  source: { type: String, default: null },
  sourceDetail: { type: Schema.Types.Mixed, default: null },
  tags: { type: [String], default: [] },
  custom: { type: Schema.Types.Mixed, default: {} },
  timezone: { type: String, default: null },
  locale: { type: String, default: null },
  consent: {
    type: new Schema(
      {
        whatsapp: { type: consentSchema, default: null },
        marketing: { type: consentSchema, default: null },
        email: { type: consentSchema, default: null },
      },
      { _id: false },
    ),
    default: () => ({ whatsapp: null }),
  },
  doNotContact: { type: Boolean, default: false },
  doNotContactReason: { type: String, default: null },
  lastInboundAt: { type: Date, default: null },
  lastOutboundAt: { type: Date, default: null },
  lastActivityAt: { type: Date, required: true },
  nextMeetingAt: { type: Date, default: null },
  mergedFrom: { type: [Schema.Types.ObjectId], default: undefined },
  mergedInto: { type: Schema.Types.ObjectId, default: null },
  merging: {
    type: new Schema(
      {
        since: Date,
        conversations: [
          new Schema({ from: Schema.Types.ObjectId, to: Schema.Types.ObjectId }, { _id: false }),
        ],
      },
      { _id: false },
    ),
    default: undefined,
  },
  deletedAt: { type: Date, default: null },
  createdBy: { type: Schema.Types.Mixed, required: true },
  search: { type: Schema.Types.Mixed, default: undefined },
});

// one living lead per phone and per e-mail: POST /leads answers 409 naming the twin
leadSchema.index(
  { "phone.e164": 1 },
  {
    name: "phone",
    unique: true,
    partialFilterExpression: { deletedAt: null, "phone.e164": anyText },
  },
);
leadSchema.index(
  { emailLower: 1 },
  {
    name: "email",
    unique: true,
    partialFilterExpression: { deletedAt: null, emailLower: anyText },
  },
);
// an inbound number in any of its spellings
leadSchema.index({ "phone.candidates": 1 }, { name: "candidates" });
// upsert and events by the integration's own id
leadSchema.index(
  { "externalIds.system": 1, "externalIds.id": 1 },
  {
    name: "external",
    unique: true,
    partialFilterExpression: { deletedAt: null, "externalIds.id": anyText },
  },
);
// a board column in its one order
leadSchema.index(
  { stageId: 1, rank: 1 },
  { name: "board", unique: true, partialFilterExpression: { deletedAt: null, rank: anyText } },
);
// what a column holds: counted and summed from the keys alone (only living leads have a rank)
leadSchema.index(
  { stageId: 1, rank: 1, "value.currency": 1, "value.amount": 1 },
  { name: "totals", partialFilterExpression: { rank: anyText } },
);
// a column of one owner's leads
leadSchema.index(
  { ownerId: 1, stageId: 1, rank: 1 },
  { name: "owner_board", partialFilterExpression: { deletedAt: null, rank: anyText } },
);
// the sweep: who stands in a stage for too long and was not told yet
leadSchema.index(
  { stageId: 1, stageEnteredAt: 1 },
  { name: "stalled", partialFilterExpression: { stalledAt: null, deletedAt: null } },
);
// what a pipeline won in a time
leadSchema.index(
  { pipelineId: 1, wonAt: 1 },
  { name: "won", partialFilterExpression: { wonAt: { $gt: new Date(0) } } },
);
// lists: newest first, recently changed, by owner, by tag
leadSchema.index({ createdAt: -1, _id: -1 }, { name: "created" });
leadSchema.index({ updatedAt: -1, _id: -1 }, { name: "updated" });
leadSchema.index({ ownerId: 1, createdAt: -1, _id: -1 }, { name: "owner" });
// how much open work a person has
leadSchema.index(
  { ownerId: 1 },
  { name: "workload", partialFilterExpression: { status: "open", deletedAt: null, ownerId: anyText } },
);
leadSchema.index(
  { teamId: 1, createdAt: -1, _id: -1 },
  { name: "team", partialFilterExpression: { teamId: anyId } },
);
leadSchema.index({ tags: 1, createdAt: -1, _id: -1 }, { name: "tags" });
leadSchema.index({ stageId: 1, createdAt: -1, _id: -1 }, { name: "stage" });
leadSchema.index({ status: 1, createdAt: -1, _id: -1 }, { name: "status" });
// what can be restored, the latest first
leadSchema.index(
  { deletedAt: -1, _id: -1 },
  { name: "deleted", partialFilterExpression: { deletedAt: anyTime, mergedInto: null } },
);
// where a merged lead's id leads, and what a crash left of a merge
leadSchema.index({ mergedInto: 1 }, { name: "merged", partialFilterExpression: { mergedInto: anyId } });
leadSchema.index(
  { "merging.since": 1 },
  { name: "merging", partialFilterExpression: { "merging.since": { $gt: new Date(0) } } },
);
// whose next meeting is when; the sweep finds those that have begun
leadSchema.index(
  { nextMeetingAt: 1 },
  { name: "next_meeting", partialFilterExpression: { nextMeetingAt: anyTime } },
);
leadSchema.index({ lastActivityAt: -1, _id: -1 }, { name: "activity" });
leadSchema.index({ score: -1, _id: -1 }, { name: "score" });
// searches: texts in their compared form and filterable fields, words from their beginning, suspected duplicates
leadSchema.index({ "search.fold.$**": 1 }, { name: "fold" });
leadSchema.index({ "search.words": 1 }, { name: "words" });
leadSchema.index(
  { "search.likeName": 1 },
  { name: "like_name", partialFilterExpression: { "search.likeName": anyText } },
);
leadSchema.index(
  { "search.likeAddress": 1 },
  { name: "like_address", partialFilterExpression: { "search.likeAddress": anyText } },
);
