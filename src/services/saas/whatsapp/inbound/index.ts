/** Kinds of webhook items. ADD A WEBHOOK KIND HERE; what none matches is kept raw and marked `ignored`. */
import { messagesInbound } from "./messages.inbound";
import { statusesInbound } from "./statuses.inbound";
import { templatesInbound } from "./templates.inbound";
import type { WebhookKind } from "./webhook.kind";

export const webhookKinds: readonly WebhookKind[] = [messagesInbound, statusesInbound, templatesInbound];
