import * as z from "zod";
import type { MessageKindMapper } from "../message.kind";

const reply = z.looseObject({ id: z.string(), title: z.string(), description: z.string().optional() });
const flowReply = z.looseObject({
  name: z.string().optional(),
  body: z.string().optional(),
  response_json: z.unknown(),
});

const interactiveSchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("button_reply"), button_reply: reply }),
  z.looseObject({ type: z.literal("list_reply"), list_reply: reply }),
  z.looseObject({ type: z.literal("nfm_reply"), nfm_reply: flowReply }),
  z.looseObject({
    type: z.literal("call_permission_reply"),
    call_permission_reply: z.record(z.string(), z.unknown()),
  }),
]);

/** Answers to buttons, lists, flows and call requests. */
export const interactiveKind: MessageKindMapper = (object) => {
  const answer = interactiveSchema.safeParse(object).data;
  switch (answer?.type) {
    case "button_reply":
      return { kind: "interactive", text: answer.button_reply.title, content: { ...answer } };
    case "list_reply":
      return { kind: "interactive", text: answer.list_reply.title, content: { ...answer } };
    case "nfm_reply":
      return {
        kind: "interactive",
        text: answer.nfm_reply.body ?? null,
        content: { ...answer, response: parsed(answer.nfm_reply.response_json) },
      };
    case "call_permission_reply":
      return { kind: "interactive", text: null, content: { ...answer } };
    case undefined:
      return undefined;
  }
};

/** A flow's answer is JSON in a text, written by the tenant's flow: any shape, or none. */
function parsed(responseJson: unknown): unknown {
  if (typeof responseJson !== "string") return null;
  try {
    return JSON.parse(responseJson);
  } catch {
    return null;
  }
}
