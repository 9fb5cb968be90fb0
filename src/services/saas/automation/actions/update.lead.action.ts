import { trusted } from "mongoose";
import * as z from "zod";
import { type UpdateLead, updateLeadSchema } from "../../../../contracts/lead.input.contract";
import { AppError } from "../../../../lib/errors/app.error";
import type { Change } from "../../../../lib/tenant/commit.change";
import { updateLeadInChange } from "../../crm/lead.update";
import { renderText } from "../render";
import { defineChange } from "./action";

/** A text with variables stands for any value: what it renders to is read as the field's type when the step runs. */
const variableSchema = z
  .string()
  .max(1_024)
  .regex(/\{\{/, "is not of the field's type, and has no variable in it");
const orVariable = (schema: z.ZodType) => z.union([schema, variableSchema]);

// Owner and tags have steps of their own.
const { ownerId: _owner, tags: _tags, value, custom: _custom, ...plain } = updateLeadSchema.shape;
const fieldsSchema = z
  .strictObject({
    ...Object.fromEntries(
      Object.entries(plain).map(([name, schema]) => [
        name,
        orVariable(schema).optional().meta({
          description: "As PATCH /leads/{id} takes it, or a text with variables.",
        }),
      ]),
    ),
    value: z
      .union([
        value,
        z.strictObject({
          amount: variableSchema.meta({ description: "Amount, as a variable." }),
          currency: z.string().length(3).meta({ description: "ISO 4217 code.", example: "EUR" }),
        }),
      ])
      .optional()
      .meta({ description: "What the deal is worth." }),
    custom: z
      .record(
        z.string().max(64),
        z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]),
      )
      .optional()
      .meta({ description: "The tenant's own fields by key; null removes.", example: { plan: "gold" } }),
  })
  .refine((fields) => Object.keys(fields).length > 0, { error: "must name at least one field" })
  .meta({
    description:
      "Fields to set, as in PATCH /leads/{id}; null empties. A text with variables may stand for any value.",
    example: { company: "{{event.data.company}}", score: 40, custom: { plan: "gold" } },
  });

/** Sets fields of the lead; what is as it should be already is no change and no event. */
export const updateLeadAction = defineChange({
  type: "update_lead",
  description: "Set fields of the lead, its own and the tenant's.",
  config: { fields: fieldsSchema },
  async change(ctx, change, { fields }, input) {
    const rendered = await renderAll(fields, input.scope);
    const patch = patchOf(await typed(change, rendered));
    await updateLeadInChange(ctx, change, input.run.leadId, patch);
    return { fields: Object.keys(patch).join(", ") };
  },
});

type Values = Readonly<Record<string, unknown>>;
/** What a variable text came to; its type is the field's. */
class Rendered {
  constructor(readonly text: string) {}
}
const isPlain = (found: unknown): found is Values =>
  typeof found === "object" && found !== null && !Array.isArray(found) && !(found instanceof Rendered);

async function renderAll(values: Values, scope: Values): Promise<Values> {
  const rendered: [string, unknown][] = [];
  for (const [name, found] of Object.entries(values)) {
    if (typeof found === "string" && found.includes("{{"))
      rendered.push([name, new Rendered(await renderText(found, scope))]);
    else rendered.push([name, isPlain(found) ? await renderAll(found, scope) : found]);
  }
  return Object.fromEntries(rendered);
}

/** Reads rendered texts as what their fields hold. */
async function typed({ models, session }: Change, { custom, ...fields }: Values): Promise<Values> {
  const own = isPlain(custom) ? custom : {};
  const declared = await models.CustomField.find({ key: trusted({ $in: Object.keys(own) }) })
    .session(session)
    .lean();
  const types = new Map(declared.map(({ key, type }) => [key, type]));
  const read = (name: string, found: unknown): unknown => {
    if (isPlain(found))
      return Object.fromEntries(Object.entries(found).map(([key, each]) => [key, read(key, each)]));
    return found instanceof Rendered ? asType(found.text, builtIn[name] ?? "text") : found;
  };
  return {
    ...Object.fromEntries(Object.entries(fields).map(([name, found]) => [name, read(name, found)])),
    ...(custom === undefined
      ? {}
      : {
          custom: Object.fromEntries(
            Object.entries(own).map(([key, found]) => [
              key,
              found instanceof Rendered ? asType(found.text, types.get(key) ?? "text") : found,
            ]),
          ),
        }),
  };
}

const builtIn: Readonly<Record<string, string>> = {
  score: "number",
  amount: "number",
  doNotContact: "boolean",
};

function asType(text: string, type: string): unknown {
  if (type === "number")
    return text.trim() === "" ? text : Number.isFinite(Number(text)) ? Number(text) : text;
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (type === "multi_select") return text.split(",").map((each) => each.trim());
  return text;
}

function patchOf(values: Values): UpdateLead {
  const parsed = updateLeadSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new AppError("invalid-variable", `The lead does not take these values: ${places.join("; ")}.`);
}
