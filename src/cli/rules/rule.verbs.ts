import { readFile } from "node:fs/promises";
import type { RuleReference } from "../../contracts/automation.file.contract";
import { createTenantContext } from "../../lib/context/create.context";
import type { TenantContext } from "../../lib/context/tenant.context";
import { withTenant } from "../../lib/tenant/tenant.registry";
import { admitToClient } from "../../services/clients/platform.gate";
import { listRules } from "../../services/saas/automation/automation.lists";
import { dispatchEvents } from "../../services/saas/automation/dispatch.events";
import { exportRule } from "../../services/saas/automation/export.rule";
import {
  findRule,
  importRule,
  readRuleFile,
  validateRuleFile,
} from "../../services/saas/automation/rule.file.service";
import { rotateWebhookSecret } from "../../services/saas/automation/webhook.secret";
import { UsageError, type Verb, type VerbCall } from "../command/verb";

const client = { type: "string", value: "CODE", about: "The client whose rules are meant." } as const;

/** What a verb does for the client it names, as whoever has the shell. */
async function asClient<T>(
  { ctx, text }: VerbCall,
  action: string,
  work: (tenant: TenantContext) => Promise<T>,
): Promise<T> {
  const code = text("client");
  if (code === undefined) throw new UsageError("Name the client with --client CODE.");
  const clientCode = await admitToClient(ctx, code, { action: `client.rules.${action}`, detail: {} });
  const { actor, requestId } = ctx;
  const tenant = createTenantContext({ clientCode, actor, requestId, dispatch: dispatchEvents });
  return withTenant(clientCode, () => work(tenant));
}

async function fileOf(path: string): Promise<ReturnType<typeof readRuleFile>> {
  const text = await readFile(path, "utf8").catch(() => {
    throw new UsageError(`${path} cannot be read.`);
  });
  try {
    return readRuleFile(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${path} is not JSON.`);
    throw error;
  }
}

const missingLines = (missing: readonly RuleReference[]): string[] =>
  missing.map(({ kind, key, pointer }) => `Missing: ${kind} ${key} (${pointer})`);

/** ADD A VERB HERE. */
export const ruleVerbs: readonly Verb[] = [
  {
    name: "import",
    words: ["FILE"],
    about: "Create a rule from a file, or make the file the draft of the rule that has its name.",
    options: {
      client,
      publish: { type: "boolean", about: "Publish and enable it; refused while it names what is missing." },
    },
    async run(call) {
      const file = await fileOf(call.words[0] ?? "");
      const done = await asClient(call, "import", (tenant) =>
        importRule(tenant, file, { publish: call.flag("publish") }),
      );
      const { automation, action, missing } = done;
      const state = automation.enabled ? "published and enabled" : "not enabled";
      return {
        value: done,
        lines: [`${automation.name} (${automation.id}) is ${action}, ${state}.`, ...missingLines(missing)],
      };
    },
  },
  {
    name: "validate",
    words: ["FILE"],
    about: "Tell what is wrong with a file, or what the client lacks for it. Nothing is stored.",
    options: { client },
    async run(call) {
      const file = await fileOf(call.words[0] ?? "");
      const missing = await asClient(call, "validate", (tenant) => validateRuleFile(tenant, file));
      const lines = missing.length === 0 ? ["The rule is fine."] : missingLines(missing);
      return { value: { missing }, lines, failed: missing.length > 0 };
    },
  },
  {
    name: "export",
    words: ["RULE"],
    about: "Print a rule, named by its name or id, as a file.",
    options: { client },
    async run(call) {
      const file = await asClient(call, "export", async (tenant) =>
        exportRule(tenant, (await findRule(tenant, call.words[0] ?? "")).id),
      );
      return { value: file, lines: [JSON.stringify(file, null, 2)] };
    },
  },
  {
    name: "list",
    words: [],
    about: "List a client's rules, newest first; at most 100.",
    options: { client },
    async run(call) {
      const page = await asClient(call, "list", (tenant) => listRules(tenant, { limit: 100 }));
      const lines = page.data.map(
        ({ id, enabled, state, name }) => `${id}  ${enabled ? "on " : "off"}  ${state.padEnd(10)}${name}`,
      );
      return { value: page.data, lines: lines.length === 0 ? ["There are no rules."] : lines };
    },
  },
  {
    name: "webhook-secret",
    words: [],
    about: "Make a new secret that the client's webhooks are signed with, and show it this once.",
    options: { client },
    async run(call) {
      const made = await asClient(call, "webhook-secret", rotateWebhookSecret);
      const before =
        made.previousUntil === null ? [] : [`The one before signs too until ${made.previousUntil}.`];
      return { value: made, lines: [made.secret, ...before] };
    },
  },
];
