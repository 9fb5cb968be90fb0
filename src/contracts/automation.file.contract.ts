/** Rules as files: what is imported and exported, and what a tenant lacks to run one. */
import * as z from "zod";
import { textLine } from "./text.contract";

const ruleReferenceSchema = z
  .object({
    kind: z
      .enum(["pipeline", "stage", "template", "user", "team", "field", "media", "automation"])
      .meta({ description: "What is meant.", example: "template" }),
    key: z.string().meta({ description: "How the rule names it.", example: "welcome" }),
    pointer: z.string().meta({ description: "Where in the rule.", example: "/steps/1/template" }),
  })
  .meta({ id: "RuleReference", description: "Something that a rule names." });
export type RuleReference = z.output<typeof ruleReferenceSchema>;

const head = {
  name: textLine(120).meta({ description: "Name; a rule of this name is replaced.", example: "Welcome" }),
  description: z.string().max(2_000).nullish().meta({ description: "What it is for." }),
  priority: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .meta({ description: "Lower runs first.", example: 100 }),
};

/** A rule as it is taken out: what imports read. */
export function exportedRuleSchema<D extends z.ZodType>(definition: D) {
  return z
    .object({ ...head, definition })
    .meta({ id: "AutomationExport", description: "A rule as a file, which names everything by its key." });
}

/** A rule as a file: its name, and what it does beside it. */
export function ruleFileSchema<D extends z.ZodType>(definition: D) {
  return z.preprocess(gathered, z.strictObject({ ...head, definition })).meta({
    id: "AutomationFile",
    description: "A rule: `name`, and `trigger`, `steps` and so on beside it or in `definition`.",
    example: {
      name: "Tag whoever comes from the website",
      definition: {
        trigger: { event: "lead_created" },
        conditions: { field: "lead.source", op: "equals", value: "website" },
        steps: [{ id: "mark", type: "add_tag", tag: "from_website" }],
      },
    },
  });
}

/** What came of a file; `rule` is the rule as the API shows it. */
export function importedRuleSchema<R extends z.ZodType>(rule: R) {
  return z
    .object({
      automation: rule,
      action: z.enum(["created", "updated", "unchanged"]).meta({ description: "What became of the rule." }),
      missing: z
        .array(ruleReferenceSchema)
        .meta({ description: "What it names and is not here; it cannot be published before that is made." }),
    })
    .meta({ id: "AutomationImport", description: "What came of a file." });
}

/** Beside the name a file has the definition itself, or what is in one. */
function gathered(file: unknown): unknown {
  if (typeof file !== "object" || file === null || "definition" in file) return file;
  const { name, description, priority, ...definition } = Object.fromEntries(Object.entries(file));
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    definition,
  };
}
