/** What a tenant has of what rules name: read once for all the rules that are looked at. */
import { Types, trusted } from "mongoose";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { type CrmModels, getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { PipelineRecord } from "../../../model/saas/pipeline.schema";
import type { TemplateRecord } from "../../../model/saas/template.schema";
import { activeUserKeys } from "../crm/user.read";
import { notArchived } from "./published.rules";
import type { Named } from "./rule.references";

export interface Known {
  readonly pipelines: readonly PipelineRecord[];
  readonly teams: readonly string[];
  /** Those who may be given work. */
  readonly users: readonly string[];
  readonly fields: readonly string[];
  readonly lostReasons: readonly string[];
  readonly eventTypes: readonly string[];
  /** Rules that are named, by id and by name. */
  readonly rules: ReadonlyMap<string, { readonly enabled: boolean }>;
  readonly ruleNames: readonly string[];
  /** Ids and keys of what is named and can be sent. */
  readonly media: readonly string[];
  readonly mediaKeys: readonly string[];
  /** Those that are named, in all their languages. */
  readonly templates: readonly TemplateRecord[];
  /** All, so that a near one can be suggested. */
  readonly templateNames: readonly string[];
}

/** So many names are looked through for what was meant. */
const mostNames = 2_000;

/** Reads only the kinds of which something is named. */
export async function readKnown(ctx: TenantContext, named: readonly Named[]): Promise<Known> {
  const models = await getCrmModels(ctx.clientCode);
  const names = (kind: Named["kind"]) => [
    ...new Set(named.filter((each) => each.kind === kind).map(({ key }) => key)),
  ];
  const whenNamed = async <T>(kinds: readonly Named["kind"][], read: () => Promise<readonly T[]>) =>
    named.some(({ kind }) => kinds.includes(kind)) ? read() : [];
  const [
    pipelines,
    teams,
    users,
    fields,
    lostReasons,
    eventTypes,
    rules,
    ruleNames,
    media,
    mediaNames,
    templates,
    templateNames,
  ] = await Promise.all([
    whenNamed(["stage", "pipeline"], () => models.Pipeline.find().lean()),
    whenNamed(["team"], async () => models.Team.distinct("key")),
    whenNamed(["user"], () => activeUserKeys(ctx)),
    whenNamed(["field"], () => models.CustomField.distinct("key")),
    whenNamed(["lost_reason"], () => models.LostReason.distinct("key")),
    whenNamed(["event_type"], () => models.EventType.distinct("key")),
    namedRules(models, names("automation")),
    whenNamed(["automation"], () => models.AutomationRule.distinct("name", { state: notArchived })),
    usableMedia(models, names("media")),
    whenNamed(["media"], () => mediaKeys(models)),
    models.Template.find({ name: trusted({ $in: names("template") }), deletedAt: null }).lean(),
    whenNamed(["template"], () => models.Template.distinct("name", { deletedAt: null })),
  ]);
  return {
    pipelines,
    teams,
    users,
    fields,
    lostReasons,
    eventTypes,
    rules,
    ruleNames,
    media,
    mediaKeys: mediaNames,
    templates,
    templateNames,
  };
}

const idsOf = (names: readonly string[]): Types.ObjectId[] =>
  names.filter((name) => /^[0-9a-f]{24}$/.test(name)).map((name) => new Types.ObjectId(name));

async function namedRules(
  { AutomationRule }: Pick<CrmModels, "AutomationRule">,
  named: readonly string[],
): Promise<Known["rules"]> {
  if (named.length === 0) return new Map();
  const which = [{ _id: trusted({ $in: idsOf(named) }) }, { name: trusted({ $in: [...named] }) }];
  const found = await AutomationRule.find({ $or: which, state: notArchived })
    .sort({ _id: -1 })
    .select({ enabled: 1, name: 1 })
    .lean();
  // Of several of a name the oldest is meant, which comes last.
  return new Map(
    found.flatMap(({ _id, name, enabled }) => [
      [name, { enabled }],
      [_id.toHexString(), { enabled }],
    ]),
  );
}

/** Which of these are media items here: by id, or as the key of one that is ready. */
async function usableMedia(
  { MediaAsset }: Pick<CrmModels, "MediaAsset">,
  named: readonly string[],
): Promise<readonly string[]> {
  if (named.length === 0) return [];
  const found = await MediaAsset.find({
    $or: [{ _id: trusted({ $in: idsOf(named) }) }, { key: trusted({ $in: [...named] }), state: "ready" }],
  })
    .select({ key: 1 })
    .lean();
  return found.flatMap(({ _id, key }) => [_id.toHexString(), key ?? ""]);
}

async function mediaKeys({ MediaAsset }: Pick<CrmModels, "MediaAsset">): Promise<readonly string[]> {
  const found = await MediaAsset.find({ key: trusted({ $gt: "" }), state: "ready" })
    .limit(mostNames)
    .select({ key: 1 })
    .lean();
  return found.map(({ key }) => key ?? "");
}
