import * as z from "zod";
import { AppError } from "../../../../lib/errors/app.error";
import { PublicFetchError } from "../../../../lib/net/fetch.public";
import { type PublicAnswer, postPublic } from "../../../../lib/net/post.public";
import { renderText } from "../render";
import { signWebhook } from "../webhook.secret";
import { type ActionInput, defineAction } from "./action";

const mostBodyBytes = 64 * 1024;

/** Tells a server of the tenant's: signed JSON, tried again until it answers. Its id is the same on every try. */
export const webhookAction = defineAction({
  type: "webhook",
  mode: "job",
  description: "POST signed JSON to a server of yours.",
  config: {
    url: z
      .url({ protocol: /^https?$/, error: "must be a web address" })
      .max(2_000)
      .meta({ description: "Public https address.", example: "https://acme.example/hooks/lead" }),
    data: z
      .record(z.string().max(64), z.string().max(2_000))
      .default({})
      .meta({
        description: "Texts to send as `data`; variables allowed.",
        example: { name: "{{lead.displayName}}" },
      }),
  },
  async run(ctx, { url, data }, input) {
    const rendered: Record<string, string> = {};
    for (const [key, text] of Object.entries(data)) rendered[key] = await renderText(text, input.scope);
    const body = Buffer.from(JSON.stringify(payloadOf(input, rendered)));
    if (body.length > mostBodyBytes)
      throw new AppError("payload-too-large", `The webhook's body is larger than ${mostBodyBytes} bytes.`);
    const signed = await signWebhook(ctx, input.effectKey, body);
    const answer = await post(url, body, { "content-type": "application/json", ...signed });
    return { status: accepted(answer) };
  },
});

function payloadOf({ run, stepId, effectKey }: ActionInput, data: Record<string, string>) {
  const { id, type, name, occurredAt, data: eventData } = run.triggerEvent;
  return {
    id: effectKey,
    type: "automation.webhook",
    automationId: run.ruleId.toHexString(),
    runId: run._id.toHexString(),
    stepId,
    leadId: run.leadId.toHexString(),
    event: { id, type: name ?? type, occurredAt: occurredAt.toISOString(), data: eventData },
    data,
  };
}

async function post(url: string, body: Buffer, headers: Record<string, string>): Promise<PublicAnswer> {
  try {
    return await postPublic(url, body, headers);
  } catch (error) {
    if (!(error instanceof PublicFetchError)) throw error;
    throw new AppError("webhook-unavailable", "The webhook's server gave no answer.", { cause: error });
  }
}

/** @returns the status of a webhook that was taken. @throws AppError webhook-refused, webhook-unavailable (worth another try) */
function accepted({ status, retryAfterSeconds }: PublicAnswer): number {
  if (status >= 200 && status < 300) return status;
  const detail = `The webhook answered HTTP ${status}.`;
  if (status >= 500 || status === 429 || status === 408)
    throw new AppError("webhook-unavailable", detail, {
      ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    });
  throw new AppError("webhook-refused", detail);
}
