/** Everything a rule can be made of, told so that an editor can be built from it alone. */
import * as z from "zod";
import type { AutomationCatalog } from "../../../contracts/automation.insight.contract";
import { conditionSchema, operators, operatorValues } from "../../../contracts/condition.contract";
import { type ConditionField, conditionOperators } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import type { EventTypeRecord } from "../../../model/saas/event.type.schema";
import { actions } from "./actions";
import { conditionAlternatives, dataSchema, operandSchema, valueSchema, withOneOf } from "./catalog.schemas";
import { eventMatchSchema } from "./event.match";
import { renderFilters } from "./render.filters";
import { grammarVersion, ruleDefinitionSchema, ruleTriggers, stepSchemas } from "./rule.contract";
import { ruleFields } from "./rule.fields";
import { controlSteps } from "./steps";
import { eventFieldsOf, triggerOfDeclared } from "./trigger.data";
import { ownEvents, type TriggerKind, triggerKinds } from "./triggers";

/** The catalogue of this tenant: its custom fields and stages are in it. */
export async function automationCatalog(ctx: TenantContext): Promise<AutomationCatalog> {
  const { CustomField, EventType, Pipeline } = await getCrmModels(ctx.clientCode);
  const [customFields, eventTypes, pipelines] = await Promise.all([
    CustomField.find({}).sort({ key: 1 }).lean(),
    EventType.find({}).sort({ key: 1 }).lean(),
    Pipeline.find({}).lean(),
  ]);
  const labels = new Map(customFields.map(({ key, name }) => [`lead.custom.${key}`, name]));
  const { named, open } = ruleFields(customFields, pipelines);
  return {
    grammar: grammarVersion,
    ...schemas(eventTypes),
    operators: operators.map((op) => ({
      op,
      value: operatorValues[op],
      schema: operandSchema(op),
      types: [...conditionOperators[op].types],
    })),
    fields: [...named.values()].map((field) => ({
      path: field.path,
      type: field.type,
      label: labels.get(field.path) ?? null,
      custom: labels.has(field.path),
      options: optionsOf(field),
      schema: valueSchema(field.type, optionsOf(field)),
      operators: operators.filter((op) => conditionOperators[op].types.has(field.type)),
    })),
    openPaths: [...open],
    filters: Object.entries(renderFilters).map(([name, { description, example }]) => ({
      name,
      description,
      example,
    })),
  };
}

const optionsOf = ({ options, stored }: ConditionField): string[] | null =>
  options ? [...options] : (stored?.values?.map(({ value }) => value) ?? null);

const jsonSchema = z.record(z.string(), z.unknown());
const partsSchema = z.looseObject({ properties: z.record(z.string(), jsonSchema) });

/** One document holds all schemas, so that they share their `$defs`; references are to the catalogue itself. */
function schemas(
  declared: readonly EventTypeRecord[],
): Pick<AutomationCatalog, "$defs" | "definition" | "condition" | "eventMatch" | "triggers" | "steps"> {
  const whole = z.object({
    definition: ruleDefinitionSchema,
    condition: conditionSchema,
    eventMatch: eventMatchSchema,
    steps: z.object(Object.fromEntries(stepSchemas)),
    triggers: z.object(Object.fromEntries(ruleTriggers.byEvent)),
    external: ruleTriggers.external,
  });
  const told = jsonSchema.parse(
    z.toJSONSchema(whole, { io: "input", unrepresentable: "any", reused: "inline" }),
  );
  const parts = partsSchema.parse(told).properties;
  const {
    definition = {},
    condition = {},
    eventMatch = {},
    steps = {},
    triggers = {},
    external = {},
  } = parts;
  const ofSteps = partsSchema.parse(steps).properties;
  const ofTriggers = partsSchema.parse(triggers).properties;
  const { Condition = {}, ...defs } = z.record(z.string(), jsonSchema).parse(told.$defs ?? {});
  return {
    $defs: { ...defs, Condition: { ...Condition, oneOf: conditionAlternatives() } },
    definition,
    condition,
    eventMatch,
    triggers: [
      ...Object.entries<TriggerKind>(triggerKinds).map(([event, { description, oneOf }]) => ({
        event,
        label: declared.find((type) => triggerOfDeclared(type) === event)?.name ?? null,
        description,
        byRule: ownEvents.has(event),
        schema: withOneOf(ofTriggers[event] ?? {}, oneOf),
        ...dataOf(event, declared),
      })),
      ...declared.flatMap((type) => declaredTrigger(type, external)),
    ],
    steps: [...controlSteps, ...actions].map((step) => ({
      type: step.type,
      kind: "mode" in step ? ("action" as const) : ("control" as const),
      description: step.description,
      runs: "mode" in step && step.mode === "job" ? ("queue" as const) : ("at_once" as const),
      sends: "sends" in step && step.sends === true,
      schema: withOneOf(ofSteps[step.type] ?? {}, step.oneOf),
    })),
  };
}

type CatalogTrigger = AutomationCatalog["triggers"][number];

function dataOf(
  event: string,
  declared: readonly EventTypeRecord[],
): Pick<CatalogTrigger, "data" | "openData" | "dataSchema"> {
  const { fields, open } = eventFieldsOf(event, declared);
  const type = declared.find((each) => triggerOfDeclared(each) === event);
  const required = (type?.fields ?? []).filter((each) => each.required).map(({ key }) => key);
  return {
    data: Object.entries(fields).map(([name, { description, type: holds }]) => ({
      path: `event.data.${name}`,
      type: holds,
      description,
    })),
    openData: open,
    dataSchema: dataSchema(fields, { open, required }),
  };
}

/** An event that only this tenant's systems send. */
function declaredTrigger(type: EventTypeRecord, external: Record<string, unknown>): CatalogTrigger[] {
  const event = triggerOfDeclared(type);
  if (Object.hasOwn(triggerKinds, event)) return [];
  const { properties } = partsSchema.parse(external);
  return [
    {
      event,
      label: type.name,
      description: "An event from outside, which a system of yours sends.",
      byRule: false,
      schema: { ...external, properties: { ...properties, event: { type: "string", const: event } } },
      ...dataOf(event, [type]),
    },
  ];
}
