/**
 * What many ask of the database at the same time, asked once: while one batch is under way, those who come wait for the
 * next and share it. Each batch begins after everybody in it has asked, so that nobody is answered with what was true
 * before.
 */
export class Gathering<Item, Result> {
  private readonly next = new Map<string, { readonly items: Item[]; readonly result: Promise<Result> }>();
  private readonly tails = new Map<string, Promise<unknown>>();

  /** Adds an item to the next batch of this key. The first of a batch brings its work; all of a key bring the same. */
  ask(key: string, item: Item, work: (items: readonly Item[]) => Promise<Result>): Promise<Result> {
    const open = this.next.get(key);
    if (open) {
      open.items.push(item);
      return open.result;
    }
    const items = [item];
    const before = this.tails.get(key) ?? Promise.resolve();
    const result = before.then(() => {
      this.next.delete(key);
      return work(items);
    });
    this.next.set(key, { items, result });
    // Whoever comes next waits for the end of this batch, whichever it is.
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(key, tail);
    void tail.then(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    });
    return result;
  }
}
