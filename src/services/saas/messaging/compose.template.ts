import type { Types } from "mongoose";
import type { OutgoingContent } from "../../../contracts/outgoing.content.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import { renderTemplate } from "../../../lib/whatsapp/template/render.template";
import { readTemplateShape, type TemplateShape } from "../../../lib/whatsapp/template/template.shape";
import {
  invalidVariables,
  missingVariables,
  miswrittenVariables,
  type VariableProblem,
} from "../../../lib/whatsapp/template/template.values";
import { type TemplateVariables, variableOf } from "../../../lib/whatsapp/template/template.variables";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { requireSendableMedia } from "../media/media.outbound.service";
import { type ComposedContent, composed } from "./composed.content";

type TemplateRequest = Extract<OutgoingContent, { kind: "template" }>["template"];

/** @throws AppError template-not-sendable, missing-variable or invalid-variable naming each, media-unsupported, invalid-reference */
export async function composeTemplate(
  ctx: TenantContext,
  change: Change,
  { wabaId }: ConnectionRecord,
  request: TemplateRequest,
): Promise<ComposedContent> {
  const template = await findSendableTemplate(change, wabaId, request);
  const shape = readTemplateShape(template);
  if (shape.unsupported.length > 0) {
    throw notSendable(`The template has parts that cannot be filled here: ${shape.unsupported.join(", ")}.`);
  }
  const { headerMediaId } = request;
  const variables: TemplateVariables = {
    ...(headerMediaId === undefined ? {} : { header: headerMediaId }),
    ...request.variables,
  };
  requireVariables(shape, variables, change.now);
  // A rule fills in what people wrote somewhere: breaks become spaces there, and the message goes.
  if (ctx.actor.type !== "automation") requireFit(miswrittenVariables(variables));
  const { body, ...around } = renderTemplate(shape, variables);
  const { name, language, category } = template;
  return composed("template", {
    text: body,
    mediaIds: await mediaOf(ctx, shape, variables),
    template: { name, language, variables: { ...variables }, rendered: body },
    content: { category, ...around },
  });
}

/** The one approved template of this name and language. @throws AppError template-not-sendable */
export async function findSendableTemplate(
  { models, session }: Pick<Change, "models" | "session">,
  wabaId: string,
  { name, language }: Pick<TemplateRequest, "name" | "language">,
): Promise<TemplateRecord> {
  const named = await models.Template.find({ wabaId, name, deletedAt: null }).session(session).lean();
  const matching = language === undefined ? named : named.filter((each) => each.language === language);
  if (matching.length === 0) {
    const known = named.map((each) => each.language).join(", ");
    throw notSendable(
      named.length === 0
        ? "There is no template of this name. Check the name, or sync the templates."
        : `The template does not exist in this language, only in: ${known}.`,
    );
  }
  const approved = matching.filter(({ status }) => status === "APPROVED");
  const [template, another] = approved;
  if (!template) {
    throw notSendable(
      `The template is ${matching.map(({ status }) => status).join(", ")}; only an APPROVED one can be sent.`,
    );
  }
  if (another) {
    const languages = approved.map((each) => each.language).join(", ");
    throw notSendable(`The template exists in several languages. Name one: ${languages}.`);
  }
  return template;
}

function requireVariables(shape: TemplateShape, variables: TemplateVariables, now: Date): void {
  const missing = missingVariables(shape, variables);
  if (missing.length > 0) {
    throw new AppError("missing-variable", `These variables have no value: ${missing.join(", ")}.`, {
      errors: missing.map((key) => ({
        pointer: `/template/variables/${key}`,
        code: "missing-variable",
        detail: "Give it a value that is not empty.",
      })),
    });
  }
  requireFit(invalidVariables(shape, variables, now));
}

function requireFit(invalid: readonly VariableProblem[]): void {
  if (invalid.length === 0) return;
  const named = invalid.map(({ key, detail }) => `${key} ${detail}`).join("; ");
  throw new AppError("invalid-variable", `These variables do not fit: ${named}.`, {
    errors: invalid.map(({ key, detail }) => ({
      pointer: `/template/variables/${key}`,
      code: "invalid-variable",
      detail,
    })),
  });
}

/** Media of the header and of the cards, in the order of their places. @throws AppError media-unsupported, invalid-reference */
async function mediaOf(
  ctx: TenantContext,
  shape: TemplateShape,
  variables: TemplateVariables,
): Promise<Types.ObjectId[]> {
  const ids: Types.ObjectId[] = [];
  for (const { key, type } of shape.allSlots) {
    if (type !== "image" && type !== "video" && type !== "document") continue;
    const media = await requireSendableMedia(ctx, variableOf(variables, key));
    if (media.kind !== type) {
      throw new AppError(
        "media-unsupported",
        `The template wants ${type} in ${key}, the media item is ${media.kind}.`,
      );
    }
    ids.push(media.mediaId);
  }
  return ids;
}

function notSendable(detail: string): AppError {
  return new AppError("template-not-sendable", detail);
}
