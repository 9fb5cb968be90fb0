/** Puts what comes one by one into lists of at most `size`. */
export async function* slicesOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let slice: T[] = [];
  for await (const item of items) {
    slice.push(item);
    if (slice.length < size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** Gets the next item ready while the present one is worked on, but never more than that. */
export async function* ahead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  const take = () => {
    const next = iterator.next();
    // Looked at only after the present item is done: until then its failure is nobody's.
    next.catch(() => undefined);
    return next;
  };
  try {
    for (let next = take(); ; ) {
      const { done, value } = await next;
      if (done) return;
      next = take();
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
