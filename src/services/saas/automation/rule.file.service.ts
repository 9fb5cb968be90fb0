/** Rules as files: brought in from one tenant or a folder, taken out for another. */
import { Types } from "mongoose";
import type * as z from "zod";
import {
  importedRuleSchema,
  type RuleReference,
  ruleFileSchema,
} from "../../../contracts/automation.file.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { AppError } from "../../../lib/errors/app.error";
import { validationProblem } from "../../../lib/http/validation.problem";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import {
  type AutomationRule,
  createRule,
  enableRule,
  getRule,
  publishRule,
  ruleResourceSchema,
  updateRule,
} from "./automation.service";
import { readDeclared } from "./declared";
import { notArchived } from "./published.rules";
import { missingReferences } from "./reference.problems";
import { checkRule } from "./rule.check";
import { ruleDefinitionSchema } from "./rule.contract";
import { requireWorkable } from "./rule.review";

export const automationFileSchema = ruleFileSchema(ruleDefinitionSchema);
/** What the API answers to a file. */
export const ruleImportSchema = importedRuleSchema(ruleResourceSchema);
export type RuleFile = z.output<typeof automationFileSchema>;

export interface ImportedRule {
  readonly automation: AutomationRule;
  readonly action: "created" | "updated" | "unchanged";
  /** What the rule names and the tenant does not have; a rule that lacks something is not published. */
  readonly missing: readonly RuleReference[];
}

/** Reads a rule's JSON. @throws AppError validation-failed with a pointer to each wrong place. */
export function readRuleFile(json: unknown): RuleFile {
  const file = automationFileSchema.safeParse(json);
  if (!file.success) throw validationProblem(file.error, "");
  return file.data;
}

/** What a file lacks here. Nothing is stored. @throws AppError validation-failed */
export async function validateRuleFile(ctx: TenantContext, file: RuleFile): Promise<RuleReference[]> {
  const missing = await missingReferences(ctx, file.definition);
  // A field that is not there is told as missing, not as a name that is wrong.
  const lacking = missing.filter(({ kind }) => kind === "field").map(({ key }) => key);
  const declared = await readDeclared(ctx);
  const asked = lacking.map((key) => ({ key, type: "text" as const, options: null, filterable: false }));
  checkRule(file.definition, { ...declared, customFields: [...declared.customFields, ...asked] });
  return missing;
}

/**
 * Creates the rule, or makes the file the draft of the rule that has its name. The same file again changes nothing.
 * @throws AppError validation-failed; invalid-reference, naming each, when it is to be published and something is missing.
 */
export async function importRule(
  ctx: TenantContext,
  file: RuleFile,
  { publish }: { publish: boolean },
): Promise<ImportedRule> {
  const missing = await validateRuleFile(ctx, file);
  if (publish) await requireWorkable(ctx, file.definition, "");
  else if (missing.some(({ kind }) => kind === "field")) throw lacks(missing);
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const known = await AutomationRule.findOne({ name: file.name, state: notArchived }).sort({ _id: 1 }).lean();
  const { name, description = null, priority, definition } = file;
  const fields = { name, description, definition, ...(priority === undefined ? {} : { priority }) };
  const id = known?._id.toHexString();
  const before = id === undefined ? null : await getRule(ctx, id);
  const same = before !== null && isSame(before, fields);
  const stored =
    before === null
      ? await createRule(ctx, { ...fields, enabled: false })
      : same
        ? before
        : await updateRule(ctx, { id: before.id, ifMatch: undefined, change: fields });
  const action = before === null ? "created" : same ? "unchanged" : "updated";
  if (!publish) return { automation: stored, action, missing };
  await publishRule(ctx, { id: stored.id });
  return { automation: await enableRule(ctx, { id: stored.id }), action, missing };
}

/** The rule of a name or id. @throws AppError not-found */
export async function findRule(ctx: TenantContext, nameOrId: string): Promise<AutomationRule> {
  if (/^[0-9a-f]{24}$/.test(nameOrId)) return getRule(ctx, nameOrId);
  const { AutomationRule } = await getCrmModels(ctx.clientCode);
  const rule = await AutomationRule.findOne({ name: nameOrId, state: notArchived }).sort({ _id: 1 }).lean();
  if (!rule) throw new AppError("not-found", "There is no rule of this name.");
  return getRule(ctx, new Types.ObjectId(rule._id).toHexString());
}

function isSame(before: AutomationRule, after: RuleFile | Record<string, unknown>): boolean {
  return Object.entries(after).every(
    ([name, value]) => JSON.stringify(Reflect.get(before, name)) === JSON.stringify(value),
  );
}

function lacks(missing: readonly RuleReference[]): AppError {
  const named = missing.map(({ kind, key }) => `${kind} ${key}`).join(", ");
  return new AppError("invalid-reference", `The rule names what is not here: ${named}. Make it first.`, {
    errors: missing.map(({ kind, key, pointer }) => ({
      pointer,
      code: "invalid-reference",
      detail: `There is no ${kind} ${key}.`,
    })),
  });
}
