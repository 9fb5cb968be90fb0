/** Everything a rule can be made of, told so that an editor can be built from it alone. */
import * as z from "zod";
import type { AutomationCatalog } from "../../../contracts/automation.insight.contract";
import { conditionSchema, operators, operatorValues } from "../../../contracts/condition.contract";
import { type ConditionField, conditionOperators } from "../../../lib/condition";
import type { TenantContext } from "../../../lib/context/tenant.context";
import { getCrmModels } from "../../../lib/tenant/get.crm.model";
import { actions } from "./actions";
import { renderFilters } from "./render.filters";
import { grammarVersion, ruleDefinitionSchema, ruleTriggers, stepSchemas } from "./rule.contract";
import { ruleFields } from "./rule.fields";
import { controlSteps } from "./steps";
import { eventFieldsOf } from "./trigger.data";
import { ownEvents, type TriggerKind, triggerKinds } from "./triggers";

/** The catalogue of this tenant: its custom fields and stages are in it. */
export async function automationCatalog(ctx: TenantContext): Promise<AutomationCatalog> {
  const { CustomField, Pipeline } = await getCrmModels(ctx.clientCode);
  const [customFields, pipelines] = await Promise.all([
    CustomField.find({}).sort({ key: 1 }).lean(),
    Pipeline.find({}).lean(),
  ]);
  const labels = new Map(customFields.map(({ key, name }) => [`lead.custom.${key}`, name]));
  const { named, open } = ruleFields(customFields, pipelines);
  return {
    grammar: grammarVersion,
    ...schemas(),
    operators: operators.map((op) => ({
      op,
      value: operatorValues[op],
      types: [...conditionOperators[op].types],
    })),
    fields: [...named.values()].map((field) => ({
      path: field.path,
      type: field.type,
      label: labels.get(field.path) ?? null,
      custom: labels.has(field.path),
      options: optionsOf(field),
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
function schemas(): Pick<AutomationCatalog, "$defs" | "definition" | "condition" | "triggers" | "steps"> {
  const whole = z.object({
    definition: ruleDefinitionSchema,
    condition: conditionSchema,
    steps: z.object(Object.fromEntries(stepSchemas)),
    triggers: z.object(Object.fromEntries(ruleTriggers.byEvent)),
  });
  const told = jsonSchema.parse(
    z.toJSONSchema(whole, { io: "input", unrepresentable: "any", reused: "inline" }),
  );
  const { definition = {}, condition = {}, steps = {}, triggers = {} } = partsSchema.parse(told).properties;
  const ofSteps = partsSchema.parse(steps).properties;
  const ofTriggers = partsSchema.parse(triggers).properties;
  return {
    $defs: z.record(z.string(), jsonSchema).parse(told.$defs ?? {}),
    definition,
    condition,
    triggers: Object.entries<TriggerKind>(triggerKinds).map(([event, { description }]) => {
      const { fields, open } = eventFieldsOf(event);
      return {
        event,
        description,
        byRule: ownEvents.has(event),
        schema: ofTriggers[event] ?? {},
        data: Object.entries(fields).map(([name, field]) => ({ path: `event.data.${name}`, ...field })),
        openData: open,
      };
    }),
    steps: [...controlSteps, ...actions].map((step) => ({
      type: step.type,
      kind: "mode" in step ? ("action" as const) : ("control" as const),
      description: step.description,
      runs: "mode" in step && step.mode === "job" ? ("queue" as const) : ("at_once" as const),
      sends: "sends" in step && step.sends === true,
      schema: ofSteps[step.type] ?? {},
    })),
  };
}
