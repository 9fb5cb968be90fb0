interface CachedLookup<V> {
  readonly value: Promise<V>;
  readonly freshUntil: number;
}

/**
 * Remembers lookups for a short while: one query per key and time to live, however many ask at once. Failures are not
 * kept. Holds at most `capacity` keys and forgets the oldest first.
 */
export class LookupCache<V> {
  private readonly entries = new Map<string, CachedLookup<V>>();

  constructor(
    private readonly options: {
      /** How long an answer is believed, in ms. */
      readonly ttlMs: number;
      readonly capacity: number;
      readonly load: (key: string) => Promise<V>;
    },
  ) {}

  get(key: string): Promise<V> {
    const known = this.entries.get(key);
    if (known && known.freshUntil > Date.now()) return known.value;
    const entry = { value: this.options.load(key), freshUntil: Date.now() + this.options.ttlMs };
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > this.options.capacity) this.dropOldest();
    entry.value.catch(() => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
    });
    return entry.value;
  }

  clear(): void {
    this.entries.clear();
  }

  private dropOldest(): void {
    for (const key of this.entries.keys()) {
      this.entries.delete(key);
      return;
    }
  }
}
