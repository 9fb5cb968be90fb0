/** Types of inbound messages. ADD A MESSAGE TYPE HERE; a type that is not listed is kept as `unsupported`, raw. */
import type { MessageKindMapper } from "../message.kind";
import { editKind, revokeKind } from "./amendment.kind";
import { buttonKind } from "./button.kind";
import { contactsKind } from "./contacts.kind";
import { interactiveKind } from "./interactive.kind";
import { locationKind } from "./location.kind";
import { audioKind, documentKind, imageKind, stickerKind, videoKind } from "./media.kind";
import { orderKind } from "./order.kind";
import { reactionKind } from "./reaction.kind";
import { requestWelcomeKind, systemKind } from "./system.kind";
import { textKind } from "./text.kind";

export const messageKinds: ReadonlyMap<string, MessageKindMapper> = new Map([
  ["text", textKind],
  ["image", imageKind],
  ["audio", audioKind],
  // older spelling of a voice note
  ["voice", audioKind],
  ["video", videoKind],
  ["document", documentKind],
  ["sticker", stickerKind],
  ["location", locationKind],
  ["contacts", contactsKind],
  ["button", buttonKind],
  ["interactive", interactiveKind],
  ["reaction", reactionKind],
  ["order", orderKind],
  ["system", systemKind],
  ["request_welcome", requestWelcomeKind],
  ["edit", editKind],
  ["revoke", revokeKind],
]);
