/** Small pieces for streams of bytes. */

/** One stream after the other. */
export async function* concatenated(
  sources: readonly (AsyncIterable<Uint8Array> | Uint8Array)[],
): AsyncGenerator<Uint8Array> {
  for (const source of sources) {
    if (source instanceof Uint8Array) yield source;
    else yield* source;
  }
}

/** The first `length` bytes of a stream, or all of a shorter one; the rest is not read. */
export async function headOf(source: AsyncIterable<Uint8Array>, length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= length) break;
  }
  return Buffer.concat(chunks).subarray(0, length);
}

/** All bytes of a stream that is known to be small enough. */
export async function allOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return headOf(source, Number.POSITIVE_INFINITY);
}

/** Passes a stream on until the signal is aborted, and fails with its reason then. */
export async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** Passes a stream on, and fails with `tooLarge()` as soon as it has more than `most` bytes. */
export async function* atMost(
  source: AsyncIterable<Uint8Array>,
  most: number,
  tooLarge: () => Error,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    yield chunk;
  }
}
