/** What a rule names by key and the tenant must have: found by the settings' names, which mean the same in every step. */
import type { RuleReference } from "../../../contracts/automation.file.contract";
import { type Condition, conditionSchema } from "../../../contracts/condition.contract";
import type { RuleDefinition } from "./rule.contract";
import { findIn } from "./rule.problem";

/** What a tenant need not have for a rule to work is looked at for what was meant only. */
type Kind = RuleReference["kind"] | "lost_reason" | "event_type";

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
  automation: "automation",
  automationId: "automation",
};
const externalEvent = /^external_event:(.+)$/;
const customField = /^lead\.custom\.([A-Za-z0-9_]+)$/;

/** Something that a rule names, and the settings beside it. */
export interface Named {
  readonly kind: Kind;
  readonly key: string;
  readonly pointer: string;
  readonly beside: Readonly<Record<string, unknown>>;
}

/**
 * Everything that a rule names by a plain key, with its places; what a variable names is known only when it runs. Pure.
 * @param pointer where the rule stands, e.g. `/definition`.
 */
export function referencesOf(definition: RuleDefinition, pointer: string): Named[] {
  return [...walk(definition, pointer), ...namesInConditions(definition, pointer)];
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
    if (field) return [{ kind: "field", key: field, pointer: at, beside }];
    const type = externalEvent.exec(inner)?.[1];
    return type ? [{ kind: "event_type", key: type, pointer: at, beside }] : [];
  });
}

/** Conditions name stages, people and so on by their keys. */
const kindOfField: Readonly<Record<string, Kind>> = {
  "lead.stageKey": "stage",
  "lead.pipelineKey": "pipeline",
  "lead.ownerId": "user",
  "conversation.assigneeId": "user",
  "lead.lostReasonKey": "lost_reason",
};

function namesInConditions(definition: RuleDefinition, pointer: string): Named[] {
  const leaf = (value: unknown): Condition | undefined => {
    const parsed = conditionSchema.safeParse(value);
    return parsed.success && parsed.data.field !== undefined ? parsed.data : undefined;
  };
  return findIn(definition, pointer, leaf).flatMap(({ pointer: place, found: { field = "", value } }) => {
    const kind = kindOfField[field];
    const names = kind === undefined ? [] : [value].flat().filter((name) => typeof name === "string");
    return kind === undefined
      ? []
      : names.map((key) => ({ kind, key, pointer: `${place}/value`, beside: {} }));
  });
}
