/** Kinds of webhook items. ADD A WEBHOOK KIND HERE; what none matches is kept raw, counted and marked `ignored`. */
import { accountsInbound, errorsInbound } from "./accounts.inbound";
import { echoesInbound } from "./echoes.inbound";
import { messagesInbound } from "./messages.inbound";
import { preferencesInbound } from "./preferences.inbound";
import { statusesInbound } from "./statuses.inbound";
import { templatesInbound } from "./templates.inbound";
import { userIdsInbound } from "./user.ids.inbound";
import type { WebhookKind } from "./webhook.kind";

export const webhookKinds: readonly WebhookKind[] = [
  messagesInbound,
  statusesInbound,
  echoesInbound,
  templatesInbound,
  preferencesInbound,
  userIdsInbound,
  accountsInbound,
  errorsInbound,
];
