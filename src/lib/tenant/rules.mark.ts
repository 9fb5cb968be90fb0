/**
 * When did a tenant's rules change last? Every change of theirs leaves a new mark in the counter row that every commit
 * reads anyway, so that a process knows with each commit, and at no cost, whether the rules it remembers still hold.
 */
import type { ClientCode } from "../../contracts/common.contract";

const marks = new Map<ClientCode, string>();

/** Of the newest commit of this process; undefined before the first. */
export const rulesMark = (clientCode: ClientCode): string | undefined => marks.get(clientCode);

/** @param mark as the commit found or left it; "" when no rule changed since marks are kept */
export function noteRulesMark(clientCode: ClientCode, mark: string): void {
  marks.set(clientCode, mark);
}
