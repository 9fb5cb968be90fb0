import type { ClientCode } from "../../contracts/common.contract";

const tails = new Map<ClientCode, Promise<unknown>>();

/**
 * Runs `work` when the tenant's earlier work of this process is over. Every change of a tenant ends on the same
 * counter row; side by side in one process they would only abort and repeat each other. Other tenants and other
 * processes go on meanwhile.
 */
export async function inTurn<T>(clientCode: ClientCode, work: () => Promise<T>): Promise<T> {
  const before = tails.get(clientCode) ?? Promise.resolve();
  const mine = before.then(work, work);
  // The next in line waits for the end of this work, whichever it is.
  const tail = mine.then(
    () => undefined,
    () => undefined,
  );
  tails.set(clientCode, tail);
  try {
    return await mine;
  } finally {
    if (tails.get(clientCode) === tail) tails.delete(clientCode);
  }
}
