import type { OutgoingContent } from "../../../contracts/message.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import type { Change } from "../../../lib/tenant/commit.change";
import { missingVariables, renderTemplate } from "../../../lib/whatsapp/template/fill.template";
import {
  isMediaHeader,
  readTemplateShape,
  type TemplateShape,
} from "../../../lib/whatsapp/template/template.shape";
import type { ConnectionRecord } from "../../../model/saas/connection.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { requireSendableMedia } from "../media/media.outbound.service";
import type { ComposedContent } from "./compose.message";

type TemplateRequest = Extract<OutgoingContent, { kind: "template" }>["template"];

/** @throws AppError template-not-sendable, missing-variable naming each, media-unsupported, invalid-reference */
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
  requireVariables(shape, request.variables);
  const mediaIds = await headerMediaIds(ctx, shape, request.headerMediaId);
  const { body } = renderTemplate(shape, request.variables);
  const { name, language } = template;
  return {
    kind: "template",
    text: body,
    mediaIds,
    template: { name, language, variables: request.variables, rendered: body },
    content: null,
  };
}

async function findSendableTemplate(
  { models, session }: Change,
  wabaId: string,
  { name, language }: TemplateRequest,
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

function requireVariables(shape: TemplateShape, variables: Readonly<Record<string, string>>): void {
  const missing = missingVariables(shape, variables);
  if (missing.length === 0) return;
  throw new AppError("missing-variable", `These variables have no value: ${missing.join(", ")}.`, {
    errors: missing.map((key) => ({
      pointer: `/template/variables/${key}`,
      code: "missing-variable",
      detail: "Give it a value that is not empty.",
    })),
  });
}

async function headerMediaIds(ctx: TenantContext, shape: TemplateShape, headerMediaId: string | undefined) {
  if (!isMediaHeader(shape)) return [];
  const kind = shape.headerFormat?.toLowerCase();
  const pointer = "/template/headerMediaId";
  if (headerMediaId === undefined) {
    const detail = `The template has ${kind === "image" ? "an image" : `a ${kind}`} on top: give its media id in headerMediaId.`;
    throw new AppError("missing-variable", detail, {
      errors: [{ pointer, code: "missing-variable", detail }],
    });
  }
  const media = await requireSendableMedia(ctx, headerMediaId);
  if (media.kind !== kind) {
    throw new AppError(
      "media-unsupported",
      `The template wants ${kind} on top, the media item is ${media.kind}.`,
    );
  }
  return [media.mediaId];
}

function notSendable(detail: string): AppError {
  return new AppError("template-not-sendable", detail);
}
