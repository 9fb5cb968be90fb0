import { Types, trusted } from "mongoose";
import type * as z from "zod";
import type {
  Template,
  TemplateListQuery,
  templatePreviewSchema,
} from "../../../contracts/template.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type Page, pageOf } from "../../../lib/query/page";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { renderTemplate } from "../../../lib/whatsapp/template/render.template";
import { readTemplateShape } from "../../../lib/whatsapp/template/template.shape";
import { invalidVariables, missingVariables } from "../../../lib/whatsapp/template/template.values";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { invalidState, notFound } from "../crm/crm.problem";
import { requestTemplateSync } from "./request.template.sync";

/** Templates by name. @throws AppError invalid-cursor. */
export async function listTemplates(ctx: TenantContext, query: TemplateListQuery): Promise<Page<Template>> {
  const { Template } = await getCrmModels(ctx.clientCode);
  const { name, language, status } = query;
  const page = await pageOf(ctx, Template, {
    route: "listTemplates",
    query,
    filter: {
      deletedAt: null,
      ...(name ? { name } : {}),
      ...(language ? { language } : {}),
      ...(status ? { status } : {}),
    },
    sort: { name: 1, language: 1, _id: 1 },
  });
  return { ...page, data: page.data.map(toTemplate) };
}

/** @throws AppError not-found. */
export async function getTemplate(ctx: TenantContext, id: string): Promise<Template> {
  return toTemplate(await findTemplate(ctx, id));
}

/** What a person would see with these variables. @throws AppError not-found. */
export async function previewTemplate(
  ctx: TenantContext,
  id: string,
  variables: Readonly<Record<string, string>>,
): Promise<z.output<typeof templatePreviewSchema>> {
  const shape = readTemplateShape(await findTemplate(ctx, id));
  return {
    ...renderTemplate(shape, variables),
    variables: { ...variables },
    missing: missingVariables(shape, variables),
    invalid: invalidVariables(shape, variables, ctx.now()),
  };
}

/** Asks for a reading of the templates of every account. @throws AppError invalid-state when no number is connected. */
export async function syncAllTemplates(ctx: TenantContext): Promise<{ jobIds: string[] }> {
  const connectionIds = await oneNumberPerAccount(ctx, "disconnected");
  if (connectionIds.length === 0) throw invalidState("No WhatsApp number is connected. Connect one first.");
  const jobIds: string[] = [];
  for (const connectionId of connectionIds) jobIds.push(await requestTemplateSync(ctx, connectionId, 0));
  return { jobIds };
}

/** Readings on a schedule are spread over this time, so that Meta does not get all of them at once. */
const spreadMs = 30 * 60_000;

/** The same on a schedule, for accounts that can be reached. @returns how many. */
export async function refreshTemplates(ctx: TenantContext): Promise<number> {
  const connectionIds = await oneNumberPerAccount(ctx, "paused", "disconnected");
  for (const connectionId of connectionIds) {
    await requestTemplateSync(ctx, connectionId, Math.round(Math.random() * spreadMs));
  }
  return connectionIds.length;
}

async function oneNumberPerAccount(
  ctx: TenantContext,
  ...left: readonly ConnectionRecord["state"][]
): Promise<Types.ObjectId[]> {
  const { Connection } = await getCrmModels(ctx.clientCode);
  const connections = await Connection.find({ state: trusted({ $nin: left }) })
    .sort({ state: -1 })
    .lean();
  // an active number comes last, so that it is the one that is kept
  return [...new Map(connections.map(({ wabaId, _id }) => [wabaId, _id])).values()];
}

/** @throws AppError not-found. */
export async function findTemplate(ctx: TenantContext, id: string): Promise<TemplateRecord> {
  const { Template } = await getCrmModels(ctx.clientCode);
  const template = await Template.findById(new Types.ObjectId(id)).lean();
  if (!template) throw notFound("template");
  return template;
}

export function toTemplate(record: TemplateRecord): Template {
  const shape = readTemplateShape(record);
  return {
    id: record._id.toHexString(),
    version: record.version,
    wabaId: record.wabaId,
    name: record.name,
    language: record.language,
    status: record.status,
    sendable: record.status === "APPROVED" && shape.unsupported.length === 0,
    category: record.category,
    parameterFormat: record.parameterFormat,
    headerFormat: shape.headerFormat,
    cards: shape.cards.length,
    variables: uniqueByKey(shape.allSlots).map(({ key, place, type, required, example }) => ({
      key,
      place,
      type,
      required,
      example,
    })),
    components: record.components,
    quality: record.quality,
    rejectedReason: record.rejectedReason,
    syncedAt: record.syncedAt.toISOString(),
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
  };
}

function uniqueByKey<T extends { readonly key: string }>(slots: readonly T[]): T[] {
  return [...new Map(slots.toReversed().map((slot) => [slot.key, slot])).values()].toReversed();
}
