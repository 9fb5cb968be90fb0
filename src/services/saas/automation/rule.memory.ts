/** Rules as this process read them last, which hold until a rule of the tenant changes. */
import type { TenantContext } from "../../../lib/context/tenant.context";
import { rulesMark } from "../../../lib/tenant/rules.mark";

/**
 * Whoever reads without a commit before it, as a sweep does, knows of a change after this time at the latest. Less than
 * events lie there before a sweep takes them up: it reads rules as they were after the event, never before.
 */
const longestMs = 30_000;
const most = 1_000;

/** What is read once for each mark of a tenant's rules. It is shared: change nothing in it. */
export class RuleMemory<T> {
  private readonly known = new Map<
    string,
    { readonly mark: string; readonly until: number; readonly value: Promise<T> }
  >();

  /** @param what names what `read` reads: the same for the same */
  async recall(ctx: TenantContext, what: string, read: () => Promise<T>): Promise<T> {
    // Taken before reading: what is read is as new as the mark, or newer.
    const mark = rulesMark(ctx.clientCode);
    if (mark === undefined) return read();
    const key = `${ctx.clientCode}:${what}`;
    const known = this.known.get(key);
    if (known?.mark === mark && known.until > performance.now()) return known.value;
    const value = read();
    this.known.delete(key);
    this.known.set(key, { mark, until: performance.now() + longestMs, value });
    this.forgetOldest();
    try {
      return await value;
    } catch (error) {
      if (this.known.get(key)?.value === value) this.known.delete(key);
      throw error;
    }
  }

  private forgetOldest(): void {
    for (const oldest of this.known.keys()) {
      if (this.known.size <= most) return;
      this.known.delete(oldest);
    }
  }
}
