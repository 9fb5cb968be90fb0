/** The types of message that can be sent. ADD A TYPE HERE. */
import { checkContacts } from "./contacts.message";
import { checkInteractive } from "./interactive.message";
import { checkLocation } from "./location.message";
import { checkMedia } from "./media.message";
import { checkReaction } from "./reaction.message";
import type { MessageCheck } from "./send.context";
import { checkTemplate } from "./template.message";
import { checkText } from "./text.message";

export const messageChecks: ReadonlyMap<string, MessageCheck> = new Map([
  ["text", checkText],
  ["image", checkMedia("image")],
  ["video", checkMedia("video")],
  ["audio", checkMedia("audio")],
  ["document", checkMedia("document")],
  ["sticker", checkMedia("sticker")],
  ["location", checkLocation],
  ["contacts", checkContacts],
  ["reaction", checkReaction],
  ["interactive", checkInteractive],
  ["template", checkTemplate],
]);

/** What groups take; anything else is 130501. */
export const groupTypes: readonly string[] = [
  "text",
  "image",
  "video",
  "audio",
  "document",
  "sticker",
  "template",
];
