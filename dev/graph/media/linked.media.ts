/** Media sent by link, fetched as Meta would fetch it. Only when the setting `fetchLinks` is on. */
import { baseType, kindLimits, type MediaKind } from "./media.rules";

const timeoutMs = 5000;

/** @returns why the message will fail with 131053, or undefined when the link serves what it should */
export async function fetchLinked(
  kind: MediaKind,
  link: string,
): Promise<{ code: number; details: string } | undefined> {
  const failed = (why: string) => ({
    code: 131053,
    details: `Downloading media from weblink failed: ${why}`,
  });
  try {
    const response = await fetch(link, { signal: AbortSignal.timeout(timeoutMs) });
    const size = (await response.arrayBuffer()).byteLength;
    const type = baseType(response.headers.get("content-type") ?? "");
    if (!response.ok) return failed(`status ${response.status}`);
    if (!kindLimits[kind].types.includes(type)) return failed(`type ${type} is not a ${kind}`);
    if (size > kindLimits[kind].bytes) return failed(`${size} bytes are too many`);
    return undefined;
  } catch (cause) {
    return failed(cause instanceof Error ? cause.message : String(cause));
  }
}
