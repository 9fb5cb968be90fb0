/** What a rule names by key and the tenant must have: found by the settings' names, which mean the same in every step. */
import { Types, trusted } from "mongoose";
import type { RuleReference } from "../../../contracts/automation.file.contract";
import { type Condition, conditionSchema } from "../../../contracts/condition.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { activeUsers } from "../crm/user.read";
import type { RuleDefinition } from "./rule.contract";
import { findIn } from "./rule.problem";

type Kind = RuleReference["kind"];

/** ADD A SETTING HERE when a step names something new. */
const kindOfSetting: Readonly<Record<string, Kind>> = {
  pipelineKey: "pipeline",
  stageKey: "stage",
  toStageKey: "stage",
  fromStageKey: "stage",
  template: "template",
  send_template: "template",
  userKey: "user",
  round_robin: "team",
  least_busy: "team",
  team: "team",
  team_lead: "team",
  mediaKey: "media",
  mediaId: "media",
  automationId: "automation",
};
const customField = /^lead\.custom\.([A-Za-z0-9_]+)$/;

/** Something that a rule names, and the settings beside it. */
export interface Named extends RuleReference {
  readonly beside: Readonly<Record<string, unknown>>;
}

/**
 * Everything that a rule names by a plain key, with its places; what a variable names is known only when it runs. Pure.
 * @param pointer where the rule stands, e.g. `/definition`.
 */
export function referencesOf(definition: RuleDefinition, pointer: string): Named[] {
  return [...walk(definition, pointer), ...stagesInConditions(definition, pointer)];
}

function walk(value: unknown, pointer: string): Named[] {
  if (value === null || typeof value !== "object") return [];
  const beside: Readonly<Record<string, unknown>> = { ...value };
  return Object.entries(value).flatMap(([name, inner]): Named[] => {
    const at = `${pointer}/${name}`;
    if (typeof inner !== "string") return walk(inner, at);
    if (inner.includes("{{")) return [];
    const kind = kindOfSetting[name];
    if (kind) return [{ kind, key: inner, pointer: at, beside }];
    const field = name === "field" ? customField.exec(inner)?.[1] : undefined;
    return field ? [{ kind: "field", key: field, pointer: at, beside }] : [];
  });
}

/** Conditions name stages and pipelines by their keys. */
function stagesInConditions(definition: RuleDefinition, pointer: string): Named[] {
  const kinds: Readonly<Record<string, Kind>> = { "lead.stageKey": "stage", "lead.pipelineKey": "pipeline" };
  const leaf = (value: unknown): Condition | undefined => {
    const parsed = conditionSchema.safeParse(value);
    return parsed.success && parsed.data.field !== undefined ? parsed.data : undefined;
  };
  return findIn(definition, pointer, leaf).flatMap(({ pointer: place, found: { field = "", value } }) => {
    const kind = kinds[field];
    const names = kind === undefined ? [] : [value].flat().filter((name) => typeof name === "string");
    return kind === undefined
      ? []
      : names.map((key) => ({ kind, key, pointer: `${place}/value`, beside: {} }));
  });
}

/** What of it the tenant does not have now. */
export async function missingReferences(
  ctx: TenantContext,
  definition: RuleDefinition,
): Promise<RuleReference[]> {
  const models = await getCrmModels(ctx.clientCode);
  const named = referencesOf(definition, "").map(({ kind, key, pointer }) => ({ kind, key, pointer }));
  const missing: RuleReference[] = [];
  for (const kind of new Set(named.map((each) => each.kind))) {
    const ofKind = named.filter((each) => each.kind === kind);
    const there = await findKeys[kind](models, [...new Set(ofKind.map(({ key }) => key))], ctx);
    missing.push(...ofKind.filter(({ key }) => !there.has(key)));
  }
  return missing;
}

type Find = (models: CrmModels, keys: string[], ctx: TenantContext) => Promise<ReadonlySet<string>>;

const keysOf = (rows: readonly { readonly key: string }[]): ReadonlySet<string> =>
  new Set(rows.map(({ key }) => key));
const isId = (key: string): boolean => /^[0-9a-f]{24}$/.test(key);

/** Which of these are media items here: by id, or as the key of one that is ready. */
export async function usableMedia(
  { MediaAsset }: Pick<CrmModels, "MediaAsset">,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const ids = keys.filter(isId).map((key) => new Types.ObjectId(key));
  const found = await MediaAsset.find({
    $or: [{ _id: trusted({ $in: ids }) }, { key: trusted({ $in: [...keys] }), state: "ready" }],
  })
    .select({ key: 1 })
    .lean();
  return new Set(found.flatMap(({ _id, key }) => [_id.toHexString(), key ?? ""]));
}

const findKeys: Readonly<Record<Kind, Find>> = {
  pipeline: async ({ Pipeline }, keys) => keysOf(await Pipeline.find({ key: trusted({ $in: keys }) }).lean()),
  stage: async ({ Pipeline }, keys) => {
    const pipelines = await Pipeline.find({ "stages.key": trusted({ $in: keys }) }).lean();
    return keysOf(pipelines.flatMap(({ stages }) => stages.filter(({ archived }) => !archived)));
  },
  template: async ({ Template }, keys) => {
    const found = await Template.find({ name: trusted({ $in: keys }), status: "APPROVED", deletedAt: null })
      .select({ name: 1 })
      .lean();
    return new Set(found.map(({ name }) => name));
  },
  user: async (_models, keys, ctx) => keysOf(await activeUsers(ctx, keys)),
  team: async ({ Team }, keys) => keysOf(await Team.find({ key: trusted({ $in: keys }) }).lean()),
  field: async ({ CustomField }, keys) =>
    keysOf(await CustomField.find({ key: trusted({ $in: keys }) }).lean()),
  media: usableMedia,
  automation: async ({ AutomationRule }, keys) => {
    const ids = keys.filter(isId).map((key) => new Types.ObjectId(key));
    const found = await AutomationRule.find({ _id: trusted({ $in: ids }) })
      .select({ _id: 1 })
      .lean();
    return new Set(found.map(({ _id }) => _id.toHexString()));
  },
};
