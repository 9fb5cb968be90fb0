import { env } from "../../lib/env/env";

const timeoutMs = 500;

/** Thrown when the invoke API did not accept an asynchronous invoke. Holds the status only. */
export class InvokeError extends Error {
  override readonly name = "InvokeError";
}

/**
 * Starts a function asynchronously: at AWS signed with the function's own role, or at the address in LAMBDA_ENDPOINT
 * (the emulator's). Does nothing where there is neither.
 * Rules: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (`Event`: 202, no answer is waited for).
 * @throws InvokeError when it is refused; a TypeError or TimeoutError of fetch when nobody answers within 0.5 s.
 */
export async function invokeFunction(
  name: string,
  payload: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { LAMBDA_ENDPOINT, AWS_REGION } = env();
  if (LAMBDA_ENDPOINT === "" && AWS_REGION === "") return;
  const base = LAMBDA_ENDPOINT || `https://lambda.${AWS_REGION}.amazonaws.com`;
  const url = `${base.replace(/\/$/, "")}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`;
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", "x-amz-invocation-type": "Event" },
    body: JSON.stringify(payload),
    signal: AbortSignal.timeout(timeoutMs),
  };
  const answer = LAMBDA_ENDPOINT === "" ? await signedFetch(url, request) : await fetch(url, request);
  await answer.body?.cancel();
  if (!answer.ok)
    throw new InvokeError(`The invoke API answered ${answer.status} for an asynchronous invoke.`);
}

async function signedFetch(url: string, request: RequestInit): Promise<Response> {
  const { AwsClient } = await import("aws4fetch");
  const aws = new AwsClient({
    accessKeyId: env().AWS_ACCESS_KEY_ID,
    secretAccessKey: env().AWS_SECRET_ACCESS_KEY,
    sessionToken: env().AWS_SESSION_TOKEN,
    region: env().AWS_REGION,
    service: "lambda",
    retries: 0,
  });
  return aws.fetch(url, request);
}
