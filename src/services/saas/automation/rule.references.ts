/** What a rule names by key and the tenant must have: found by the settings' names, which mean the same in every step. */
import { Types, trusted } from "mongoose";
import type { RuleReference } from "../../../contracts/automation.file.contract";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import { activeUsers } from "../crm/user.read";
import type { RuleDefinition } from "./rule.contract";

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

/** Everything that a rule names, with its places. Pure. */
export function referencesOf(definition: RuleDefinition): RuleReference[] {
  return walk(definition, "");
}

function walk(value: unknown, pointer: string): RuleReference[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, inner]): RuleReference[] => {
    const at = `${pointer}/${name}`;
    if (typeof inner !== "string") return walk(inner, at);
    const kind = kindOfSetting[name];
    if (kind) return [{ kind, key: inner, pointer: at }];
    const field = name === "field" ? customField.exec(inner)?.[1] : undefined;
    return field ? [{ kind: "field", key: field, pointer: at }] : [];
  });
}

/** What of it the tenant does not have now. */
export async function missingReferences(
  ctx: TenantContext,
  definition: RuleDefinition,
): Promise<RuleReference[]> {
  const models = await getCrmModels(ctx.clientCode);
  const named = referencesOf(definition);
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
const isId = (key: string): boolean => Types.ObjectId.isValid(key);

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
  media: async ({ MediaAsset }, keys) => {
    const there = new Set<string>();
    for (const key of keys) {
      const byId = isId(key) && (await MediaAsset.exists({ _id: new Types.ObjectId(key) }));
      if (byId || (await MediaAsset.exists({ key, state: "ready" }))) there.add(key);
    }
    return there;
  },
  automation: async ({ AutomationRule }, keys) => {
    const ids = keys.filter(isId).map((key) => new Types.ObjectId(key));
    const found = await AutomationRule.find({ _id: trusted({ $in: ids }) })
      .select({ _id: 1 })
      .lean();
    return new Set(found.map(({ _id }) => _id.toHexString()));
  },
};
