/** What the demo's chapters share: who takes part, and how they look things up. */

import type * as z from "zod";
import { pageSchema } from "../../src/contracts/common.contract";
import { conversationSchema } from "../../src/contracts/conversation.contract";
import type { leadSchema } from "../../src/contracts/lead.contract";
import { mediaSchema } from "../../src/contracts/media.contract";
import { messageSchema } from "../../src/contracts/message.contract";
import type { StackTenant } from "../stack/stack.file";
import type { Admin, Api, Controls } from "./clients";
import type { Transcript } from "./transcript";
import { DemoFailure, eventually, expectSame } from "./transcript";

export type Lead = z.output<typeof leadSchema>;
export type Message = z.output<typeof messageSchema>;
export type Media = z.output<typeof mediaSchema>;

/** The largest range that the API serves at once. */
export const rangeBytes = 4 * 1024 * 1024;

export interface Story {
  readonly say: Transcript;
  /** The first tenant's API, and the second's, which must see nothing. */
  readonly api: Api;
  readonly other: Api;
  readonly admin: Admin;
  readonly world: Controls;
  readonly tenant: StackTenant;
  readonly customer: { phone: string; name: string };
  /** Settings with which a process of ours works on this stack. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The first message with the lead that fits, as soon as there is one. @throws DemoFailure when none comes */
export async function messageWhere(
  { api }: Story,
  lead: Lead,
  what: string,
  fits: (message: Message) => boolean,
): Promise<Message> {
  return eventually(what, async () => {
    const conversations = await api.get(`/conversations?leadId=${lead.id}`, pageSchema(conversationSchema));
    for (const conversation of conversations.data) {
      const page = await api.get(
        `/conversations/${conversation.id}/messages?limit=100`,
        pageSchema(messageSchema),
      );
      const message = page.data.find(fits);
      if (message) return message;
    }
    return undefined;
  });
}

/** The media of the lead's message of this kind, once it is ready. @throws DemoFailure when it fails */
export async function mediaOf(story: Story, lead: Lead, kind: "audio" | "image"): Promise<Media> {
  const message = await messageWhere(story, lead, `the ${kind} message`, (each) => each.kind === kind);
  const [mediaId] = message.mediaIds;
  if (!mediaId) throw new DemoFailure(`the ${kind} message has no media`);
  const media = await eventually(
    `the ${kind} to be ready`,
    async () => {
      const current = await story.api.get(`/media/${mediaId}`, mediaSchema);
      return current.state === "ready" || current.state === "failed" ? current : undefined;
    },
    60_000,
  );
  expectSame(`state of the ${kind} (${media.error?.detail ?? "no error"})`, media.state, "ready");
  return media;
}

/** Bytes as people read them. */
export const size = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
