import type { Types } from "mongoose";
import type { Interactive } from "../../../contracts/interactive.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { requireSendableMedia } from "../media/media.outbound.service";
import { type ComposedContent, composed } from "./composed.content";

/**
 * An interactive message in Meta's form; media on top is named when it is sent.
 * @throws AppError invalid-reference, invalid-state, media-unsupported for the header's media.
 */
export async function composeInteractive(
  ctx: TenantContext,
  interactive: Interactive,
): Promise<ComposedContent> {
  const { header } = metaHeader(interactive);
  const footer = "footer" in interactive ? interactive.footer : undefined;
  return composed("interactive", {
    text: interactive.body,
    mediaIds: await headerMedia(ctx, interactive),
    content: {
      ...metaAction(interactive),
      ...(header ? { header } : {}),
      body: { text: interactive.body },
      ...(footer === undefined ? {} : { footer: { text: footer } }),
    },
  });
}

function metaHeader(interactive: Interactive): { header?: Record<string, unknown> } {
  const header = "header" in interactive ? interactive.header : undefined;
  if (!header) return {};
  return { header: header.type === "text" ? header : { type: header.type } };
}

async function headerMedia(ctx: TenantContext, interactive: Interactive): Promise<Types.ObjectId[]> {
  const header = "header" in interactive ? interactive.header : undefined;
  if (!header || header.type === "text") return [];
  const media = await requireSendableMedia(ctx, header.mediaId);
  if (media.kind === header.type) return [media.mediaId];
  throw new AppError(
    "media-unsupported",
    `The header wants ${header.type}, the media item is ${media.kind}. Name another item, or the item's own kind.`,
  );
}

function metaAction(interactive: Interactive): { type: string; action: Record<string, unknown> } {
  switch (interactive.type) {
    case "buttons":
      return {
        type: "button",
        action: { buttons: interactive.buttons.map((reply) => ({ type: "reply", reply })) },
      };
    case "list":
      return { type: "list", action: { button: interactive.button, sections: interactive.sections } };
    case "cta_url": {
      const { title, url } = interactive.button;
      return { type: "cta_url", action: { name: "cta_url", parameters: { display_text: title, url } } };
    }
    case "flow":
      return { type: "flow", action: { name: "flow", parameters: flowParameters(interactive.flow) } };
    case "location_request":
      return { type: "location_request_message", action: { name: "send_location" } };
  }
}

function flowParameters(flow: Extract<Interactive, { type: "flow" }>["flow"]): Record<string, unknown> {
  const { id, name, button, token, action, screen, data, draft } = flow;
  return {
    flow_message_version: "3",
    ...(id === undefined ? { flow_name: name } : { flow_id: id }),
    flow_cta: button,
    flow_action: action,
    ...(token === undefined ? {} : { flow_token: token }),
    // as a text: its keys are the flow's own, and may be ones that a database does not take
    ...(screen === undefined
      ? {}
      : { flow_action_payload: JSON.stringify({ screen, ...(data === undefined ? {} : { data }) }) }),
    ...(draft === undefined ? {} : { mode: draft ? "draft" : "published" }),
  };
}
