/** Who a message goes to: a phone (`to`), a business-scoped user id (`recipient`), or a group. */
import { GraphError } from "../errors/graph.error";
import type { Graph } from "../graph.context";
import { dialledDigits, type Person, samePersonKey } from "../state/person.directory";
import type { PhoneNumber } from "../state/world";

export interface Recipient {
  group: boolean;
  /** As the caller wrote it. */
  input: string;
  person: Person | undefined;
  waId: string | undefined;
  userId: string | undefined;
  /** True when `to` was used: it wins over `recipient`. */
  sentToPhone: boolean;
  /** One value per person or group, for the pair limit. */
  key: string;
}

/** @throws GraphError 100 without a recipient or with a bad one, 131009 unknown user id, 131021 to oneself */
export function recipientOf(graph: Graph, number: PhoneNumber, body: Record<string, unknown>): Recipient {
  const { to, recipient } = body;
  const kind = body.recipient_type ?? "individual";
  if (kind !== "individual" && kind !== "group") {
    throw new GraphError(100, { details: "Param recipient_type must be one of {individual, group}" });
  }
  if (to === undefined && recipient === undefined) {
    throw new GraphError(100, { message: "(#100) The parameter to is required." });
  }
  if (kind === "group") return groupOf(to);
  return to === undefined ? userOf(graph, number, recipient) : phoneOf(graph, number, to);
}

function groupOf(to: unknown): Recipient {
  if (typeof to !== "string" || to.length === 0) {
    throw new GraphError(100, { details: "Param to must be a group id" });
  }
  return {
    group: true,
    input: to,
    person: undefined,
    waId: to,
    userId: undefined,
    sentToPhone: true,
    key: `group:${to}`,
  };
}

function phoneOf(graph: Graph, number: PhoneNumber, to: unknown): Recipient {
  if (typeof to !== "string" || !/^\s*\+?[\d\s().-]+$/.test(to)) {
    throw new GraphError(100, { details: "Param to must be a valid WhatsApp phone number" });
  }
  const digits = dialledDigits(to, number.display);
  if (digits.length < 7 || digits.length > 15) {
    throw new GraphError(131009, { details: "Param to is not a valid phone number" });
  }
  if (samePersonKey(digits) === samePersonKey(number.display)) throw new GraphError(131021);
  const person = graph.world.people.ofPhone(digits);
  return {
    group: false,
    input: to,
    person,
    waId: person.waId ?? digits,
    userId: graph.world.people.userIdAt(person, number.wabaId),
    sentToPhone: true,
    key: samePersonKey(digits),
  };
}

function userOf(graph: Graph, number: PhoneNumber, recipient: unknown): Recipient {
  const person = typeof recipient === "string" ? graph.world.people.ofUserId(recipient) : undefined;
  if (typeof recipient !== "string" || !person || person.userIds.get(number.wabaId) !== recipient) {
    throw new GraphError(131009, { details: "Param recipient is not a user id of this business" });
  }
  return {
    group: false,
    input: recipient,
    person,
    waId: person.waId,
    userId: recipient,
    sentToPhone: false,
    key: person.waId === undefined ? recipient : samePersonKey(person.waId),
  };
}
