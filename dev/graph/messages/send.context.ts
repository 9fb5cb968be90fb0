import type { Graph } from "../graph.context";
import type { Person } from "../state/person.directory";
import type { PhoneNumber } from "../state/world";

/** What a message's check may look at. */
export interface SendContext {
  graph: Graph;
  number: PhoneNumber;
  /** Undefined for a group. */
  person: Person | undefined;
}

/** What a checked message means for what follows its acceptance. */
export interface Accepted {
  /** It is accepted, and then fails with this status. */
  failsWith?: { code: number; details: string } | undefined;
  /** Pricing category; [service] */
  category?: string;
  /** [accepted] */
  messageStatus?: string;
  /** Reactions get `sent` and nothing more; voice notes can be `played`. */
  statuses?: "sent-only";
}

/**
 * Checks one type of message. `content` is what stands under the type's key.
 * @throws GraphError what Meta answers at once
 */
export type MessageCheck = (content: unknown, context: SendContext) => Accepted | Promise<Accepted>;
