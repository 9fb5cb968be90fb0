import type { MessageKind } from "../../../model/saas/message.schema";

const maxLength = 120;

const labels: Record<MessageKind, string> = {
  text: "",
  image: "Photo",
  audio: "Voice message",
  video: "Video",
  document: "Document",
  sticker: "Sticker",
  template: "Template",
  interactive: "Answer",
  button: "Answer",
  location: "Location",
  contacts: "Contact",
  reaction: "Reaction",
  order: "Order",
  system: "Notice",
  edit: "Edit",
  revoke: "Deleted message",
  note: "Note",
  unsupported: "Unsupported message",
};

/** The line that an inbox shows of a message: its text, cut at a character a person sees as one, else its kind. */
export function messagePreview(message: {
  readonly kind: MessageKind;
  readonly text: string | null;
  readonly revokedAt?: Date | null;
  readonly redactedAt?: Date | null;
}): string {
  if (message.revokedAt || message.redactedAt) return labels.revoke;
  const text = message.text?.replace(/\s+/g, " ").trim();
  if (!text) return labels[message.kind];
  if (text.length <= maxLength) return text;
  let preview = "";
  for (const { segment } of new Intl.Segmenter().segment(text.slice(0, maxLength * 4))) {
    if (preview.length + segment.length >= maxLength) break;
    preview += segment;
  }
  return `${preview}…`;
}
