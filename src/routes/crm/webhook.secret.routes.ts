import { shownWebhookSecretSchema } from "../../contracts/webhook.secret.contract";
import { defineRoute, type Route } from "../../lib/http/define.route";
import { rotateWebhookSecret } from "../../services/saas/automation/webhook.secret";

/** The secret of rules' webhooks. It takes no Idempotency-Key: a stored answer would hold the secret. */
export const webhookSecretRoutes: readonly Route[] = [
  defineRoute({
    operationId: "rotateWebhookSecret",
    method: "POST",
    path: "/api/crm/automations/webhook-secret/rotate",
    tag: "Automation",
    summary: "Make a new secret for the webhooks of rules",
    description:
      "Shown this once: give it to the receiver. The secret before it signs beside it for a day, so that nothing is refused " +
      "in between; asking twice within the day ends the one before at once.",
    auth: { kind: "tenant", scope: "settings:write" },
    input: {},
    output: { status: 201, description: "The secret, shown this once.", body: shownWebhookSecretSchema },
    problems: [],
    run: async ({ ctx }) => ({ body: await rotateWebhookSecret(ctx) }),
  }),
];
