/**
 * A job that was in two crashes may be the one that caused them. Its last chance is a run with nothing else in the
 * process's hands: if it takes the process down again, it takes only itself. One gate for all drains of a process.
 */
import type { Hand } from "./hand";

const hands = new Set<Hand>();
let owner: Hand | undefined;

export function enterGate(hand: Hand): void {
  hands.add(hand);
}

export function leaveGate(hand: Hand): void {
  hands.delete(hand);
  reopenGate(hand);
}

/** Whether somebody else of this process wants to be alone: then nothing new is claimed or started. */
export function gateIsClosedFor(hand: Hand): boolean {
  return owner !== undefined && owner !== hand;
}

/** Asks to be alone. @returns true when nobody else of this process holds anything. */
export function closeGate(hand: Hand): boolean {
  owner ??= hand;
  return owner === hand && [...hands].every((other) => other === hand || other.size === 0);
}

export function reopenGate(hand: Hand): void {
  if (owner === hand) owner = undefined;
}
