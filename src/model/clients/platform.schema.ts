/** What the platform itself needs beside clients, users, data sources, secrets and jobs. */
import type { Types } from "mongoose";
import { Schema } from "mongoose";
import { quarantineReasons } from "../../contracts/webhook.event.contract";
import { anyText, plainSchema } from "../record.schema";

/** Which tenant a WhatsApp number or account belongs to: `pn:<phoneNumberId>` or `waba:<wabaId>`. */
export interface ChannelRouteRecord {
  _id: string;
  clientCode: string;
  /** The Meta app whose webhooks may speak for it; `default` is the platform's own app. */
  endpointId: string;
  boundAt: Date;
}
export const channelRouteSchema = plainSchema<ChannelRouteRecord>("channelRoutes", {
  _id: { type: String, required: true },
  clientCode: { type: String, required: true },
  endpointId: { type: String, required: true },
  boundAt: { type: Date, required: true },
});
channelRouteSchema.index({ clientCode: 1 }, { name: "client" });

/** A tenant's own Meta app. Its secrets are sealed in `Secret`, never here. */
export interface ChannelEndpointRecord {
  _id: string;
  clientCode: string;
  createdAt: Date;
  rotatedAt: Date | null;
}
export const channelEndpointSchema = plainSchema<ChannelEndpointRecord>("channelEndpoints", {
  _id: { type: String, required: true },
  clientCode: { type: String, required: true },
  createdAt: { type: Date, required: true },
  rotatedAt: { type: Date, default: null },
});
channelEndpointSchema.index({ clientCode: 1 }, { name: "client" });

/** Webhook items that cannot be stored with their tenant yet: sealed, replayable, gone after 30 days. */
export interface QuarantineRecord {
  _id: Types.ObjectId;
  dedupeKey: string;
  clientCode: string | null;
  reason: (typeof quarantineReasons)[number];
  endpointId: string;
  /** The number or account that no tenant has (yet); null where it is known or cannot be read. */
  routeKey: string | null;
  /** Sealed JSON of the items. */
  envelope: string;
  requestId: string;
  state: "held" | "replayed";
  receivedAt: Date;
  expireAt: Date;
}
export const quarantineSchema = plainSchema<QuarantineRecord>("quarantine", {
  dedupeKey: { type: String, required: true },
  clientCode: { type: String, default: null },
  reason: {
    type: String,
    enum: quarantineReasons,
    required: true,
  },
  endpointId: { type: String, required: true },
  routeKey: { type: String, default: null },
  envelope: { type: String, required: true },
  requestId: { type: String, required: true },
  state: { type: String, enum: ["held", "replayed"], default: "held" },
  receivedAt: { type: Date, required: true },
  expireAt: { type: Date, required: true },
});
quarantineSchema.index({ dedupeKey: 1 }, { name: "dedupe", unique: true });
quarantineSchema.index({ state: 1, clientCode: 1, receivedAt: 1 }, { name: "held" });
// the admin's list
quarantineSchema.index({ state: 1, _id: -1 }, { name: "newest" });
// what waits for a number that has just been connected
quarantineSchema.index(
  { routeKey: 1, state: 1 },
  { name: "route", partialFilterExpression: { routeKey: anyText } },
);
quarantineSchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });

/** A named key of a platform admin; its name is the actor in the audit. */
export interface AdminKeyRecord {
  _id: string;
  keyId: string;
  hash: string;
  createdAt: Date;
  revokedAt: Date | null;
}
export const adminKeySchema = plainSchema<AdminKeyRecord>("adminKeys", {
  _id: { type: String, required: true },
  keyId: { type: String, required: true },
  hash: { type: String, required: true },
  createdAt: { type: Date, required: true },
  revokedAt: { type: Date, default: null },
});
adminKeySchema.index({ keyId: 1 }, { name: "key", unique: true });

/** What the platform did and who asked for it. Append-only. */
export interface PlatformAuditRecord {
  _id: Types.ObjectId;
  action: string;
  clientCode: string | null;
  actor: { type: string; id: string };
  requestId: string;
  detail: Record<string, unknown>;
  at: Date;
}
export const platformAuditSchema = plainSchema<PlatformAuditRecord>("platformAudit", {
  action: { type: String, required: true },
  clientCode: { type: String, default: null },
  actor: { type: Schema.Types.Mixed, required: true },
  requestId: { type: String, required: true },
  detail: { type: Schema.Types.Mixed, default: {} },
  at: { type: Date, required: true },
});
platformAuditSchema.index({ clientCode: 1, at: -1 }, { name: "client" });

/** Something a person must look at: a paused number, a dead job. One open alert per cause. */
export interface AlertRecord {
  _id: Types.ObjectId;
  clientCode: string | null;
  code: string;
  /** What it is about, e.g. a connection id. */
  ref: string;
  detail: string;
  state: "open" | "closed";
  count: number;
  firstAt: Date;
  lastAt: Date;
}
export const alertSchema = plainSchema<AlertRecord>("alerts", {
  clientCode: { type: String, default: null },
  code: { type: String, required: true },
  ref: { type: String, required: true },
  detail: { type: String, required: true },
  state: { type: String, enum: ["open", "closed"], required: true },
  count: { type: Number, default: 1 },
  firstAt: { type: Date, required: true },
  lastAt: { type: Date, required: true },
});
alertSchema.index(
  { clientCode: 1, code: 1, ref: 1 },
  { name: "cause", unique: true, partialFilterExpression: { state: "open" } },
);
alertSchema.index({ state: 1, lastAt: -1 }, { name: "open" });

/** `<clientCode>:<minute>`: a tenant that was written to in that minute, so that the poller knows whom to sweep. */
export interface TenantActivityRecord {
  _id: string;
  clientCode: string;
  minute: Date;
  sweptAt: Date | null;
  expireAt: Date;
}
export const tenantActivitySchema = plainSchema<TenantActivityRecord>("tenantActivity", {
  _id: { type: String, required: true },
  clientCode: { type: String, required: true },
  minute: { type: Date, required: true },
  sweptAt: { type: Date, default: null },
  expireAt: { type: Date, required: true },
});
tenantActivitySchema.index({ minute: 1 }, { name: "unswept", partialFilterExpression: { sweptAt: null } });
tenantActivitySchema.index({ expireAt: 1 }, { name: "ttl", expireAfterSeconds: 0 });

/** Small marks of the platform: the clock's offset (`clock`), cron ticks, locks. */
export interface PlatformMarkRecord {
  _id: string;
  value: number;
  at: Date;
}
export const platformMarkSchema = plainSchema<PlatformMarkRecord>("platformMarks", {
  _id: { type: String, required: true },
  value: { type: Number, default: 0 },
  at: { type: Date, required: true },
});
