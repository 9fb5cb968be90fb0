/** Creating, editing and deleting templates: they are Meta's, so Meta is asked first, and our copy follows. */
import { Types, trusted } from "mongoose";
import type { Template } from "../../../contracts/template.contract";
import {
  type CreateTemplateBody,
  definitionIssues,
  type EditTemplateBody,
} from "../../../contracts/template.definition.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { type Change, commitChange } from "../../../lib/tenant/commit.change";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import {
  createTemplate,
  deleteTemplate,
  editTemplate,
  GraphCallError,
} from "../../../lib/whatsapp/graph.client";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { checkVersion, invalidState } from "../crm/crm.problem";
import { chooseConnection } from "../messaging/open.conversation";
import { readToken } from "./connection.token";
import { throwMetaProblem } from "./meta.problem";
import { requestTemplateSync } from "./request.template.sync";
import { findTemplate, toTemplate } from "./template.service";

/**
 * Creates a template at Meta, where it is reviewed; its status follows by webhook.
 * @throws AppError duplicate, refused-by-meta, rate-limited, invalid-reference, invalid-state, service-unavailable.
 */
export async function createMetaTemplate(ctx: TenantContext, body: CreateTemplateBody): Promise<Template> {
  const { connectionId, name, language, category, parameterFormat, components, messageSendTtlSeconds } = body;
  const connection = await commitChange(ctx, (change) => chooseConnection(change, connectionId));
  const { wabaId } = connection;
  const token = await readToken(ctx.clientCode, connection.phoneNumberId);
  const created = await createTemplate({
    token,
    wabaId,
    definition: {
      name,
      language,
      category,
      parameter_format: parameterFormat,
      components,
      ...(messageSendTtlSeconds === undefined ? {} : { message_send_ttl_seconds: messageSendTtlSeconds }),
    },
  }).catch(async (error: unknown) => {
    // it may have been created all the same
    await requestTemplateSync(ctx, connection._id);
    return throwMetaProblem(ctx, connection, error);
  });
  const record = await commitChange(ctx, (change) =>
    storeCopy(
      change,
      { wabaId, name, language },
      {
        providerId: created.id,
        status: (created.status ?? "PENDING").toUpperCase(),
        category: (created.category ?? category).toUpperCase(),
        parameterFormat,
        components,
        quality: null,
        rejectedReason: null,
        deletedAt: null,
      },
    ),
  );
  await requestTemplateSync(ctx, connection._id);
  return toTemplate(record);
}

/**
 * Replaces a template's components, category or time to live at Meta, where it is reviewed again.
 * @throws AppError not-found, precondition-failed, validation-failed, invalid-state for what Meta's rules do not allow
 * now, refused-by-meta, rate-limited, service-unavailable.
 */
export async function editMetaTemplate(
  ctx: TenantContext,
  at: { readonly id: string; readonly ifMatch: number | undefined },
  { components, category, messageSendTtlSeconds }: EditTemplateBody,
): Promise<Template> {
  const before = await findTemplate(ctx, at.id);
  checkVersion(before, at.ifMatch, toTemplate);
  requireEditable(before, category, ctx.now());
  if (components) requireRightForm(before, components);
  const connection = await connectionOf(ctx, before);
  const token = await readToken(ctx.clientCode, connection.phoneNumberId);
  await editTemplate({
    token,
    templateId: before.providerId,
    changes: {
      ...(components ? { components } : {}),
      ...(category ? { category } : {}),
      ...(messageSendTtlSeconds === undefined ? {} : { message_send_ttl_seconds: messageSendTtlSeconds }),
    },
  }).catch((error: unknown) => throwMetaProblem(ctx, connection, error));
  const edits = before.status === "APPROVED" ? [...(before.edits ?? []), ctx.now()].slice(-10) : before.edits;
  const { wabaId, name, language } = before;
  const record = await commitChange(ctx, (change) =>
    storeCopy(
      change,
      { wabaId, name, language },
      {
        status: "PENDING",
        ...(components ? { components } : {}),
        ...(category ? { category } : {}),
        ...(edits ? { edits } : {}),
      },
    ),
  );
  await requestTemplateSync(ctx, connection._id);
  return toTemplate(record);
}

/**
 * Deletes a template in its language at Meta. Its name cannot be used again for 30 days.
 * @throws AppError not-found, invalid-state, refused-by-meta, rate-limited, service-unavailable.
 */
export async function deleteMetaTemplate(ctx: TenantContext, id: string): Promise<void> {
  const before = await findTemplate(ctx, id);
  if (before.deletedAt !== null) return;
  if (before.status === "DISABLED") throw invalidState("Meta does not delete a template that it disabled.");
  const connection = await connectionOf(ctx, before);
  const token = await readToken(ctx.clientCode, connection.phoneNumberId);
  const { wabaId, name, language, providerId } = before;
  await deleteTemplate({ token, wabaId, name, templateId: providerId }).catch((error: unknown) =>
    isGone(error) ? undefined : throwMetaProblem(ctx, connection, error),
  );
  await commitChange(ctx, (change) =>
    storeCopy(change, { wabaId, name, language }, { status: "DELETED", deletedAt: change.now }),
  );
}

const noSuchTemplate = 2_593_002;

function isGone(error: unknown): boolean {
  return error instanceof GraphCallError && error.fault?.subcode === noSuchTemplate;
}

const editable = new Set(["APPROVED", "REJECTED", "PAUSED"]);
const dayMs = 24 * 60 * 60_000;

function requireEditable(template: TemplateRecord, category: string | undefined, now: Date): void {
  const { status, edits = [] } = template;
  if (!editable.has(status)) {
    throw invalidState(
      `The template is ${status}; Meta lets only APPROVED, REJECTED and PAUSED ones be edited.`,
    );
  }
  if (status !== "APPROVED") return;
  if (category !== undefined && category !== template.category) {
    throw invalidState("The category of an approved template cannot be changed. Create another template.");
  }
  const within = (ms: number) => edits.filter((at) => now.getTime() - at.getTime() < ms).length;
  if (within(dayMs) >= 1 || within(30 * dayMs) >= 10) {
    throw invalidState("An approved template can be edited once in 24 hours and ten times in 30 days. Wait.");
  }
}

function requireRightForm(
  { parameterFormat, category }: TemplateRecord,
  components: readonly unknown[],
): void {
  const issues = definitionIssues(components, parameterFormat, category);
  if (issues.length === 0) return;
  throw new AppError("validation-failed", "The template is not one that Meta takes.", {
    errors: issues.map(({ path, message }) => ({
      pointer: `/${["components", ...path].join("/")}`,
      code: "invalid",
      detail: message,
    })),
  });
}

/** A number of the template's account, an active one rather than a paused one. */
async function connectionOf(ctx: TenantContext, { wabaId }: TemplateRecord): Promise<ConnectionRecord> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connections = await Connection.find({ wabaId, state: trusted({ $ne: "disconnected" }) }).lean();
  const connection = connections.find(({ state }) => state === "active") ?? connections[0];
  if (connection) return connection;
  throw invalidState(
    "The WhatsApp account of this template is not connected any more. Connect a number of it.",
  );
}

type Fields = Partial<Omit<TemplateRecord, "_id" | "wabaId" | "name" | "language">>;

/** Our copy as it is now; a reading of the templates may have been faster. */
async function storeCopy(
  change: Change,
  identity: Pick<TemplateRecord, "wabaId" | "name" | "language">,
  fields: Fields,
): Promise<TemplateRecord> {
  const { models, session, now } = change;
  const record = await models.Template.findOneAndUpdate(
    identity,
    {
      $set: { ...fields, updatedAt: now, syncedAt: now },
      $inc: { version: 1 },
      $setOnInsert: { _id: new Types.ObjectId(), createdAt: now },
    },
    { session, upsert: true, returnDocument: "after" },
  ).lean();
  if (!record) throw new Error("The template's row returned nothing after an upsert.");
  change.record({
    type: "template_updated",
    subject: { templateId: record._id.toHexString() },
    data: { name: record.name, language: record.language, status: record.status },
  });
  return record;
}
