/**
 * Templates as callers create and edit them: components in Meta's own form, held against Meta's own rules before Meta
 * sees them. What Meta adds to its vocabulary passes.
 * @see https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components
 */
import * as z from "zod";
import { objectIdSchema } from "./common.contract";
import { areUnique, lengthOf } from "./limited.text.contract";
import { templateLanguageSchema } from "./outgoing.content.contract";
import {
  type TemplateButton,
  type TemplateComponent,
  templateComponentSchema,
} from "./template.component.contract";

export type ParameterFormat = "POSITIONAL" | "NAMED";

export interface DefinitionIssue {
  readonly path: readonly (string | number)[];
  /** A predicate: "must ...". */
  readonly message: string;
}

const most = { header: 60, body: 1_024, footer: 60, button: 25, url: 2_000, phone: 20, code: 20 };
const mediaFormats = new Set(["IMAGE", "VIDEO", "GIF", "DOCUMENT"]);
const onceOnly = ["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER"];

function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)].map((match) => match[1] ?? ""))];
}

/** What Meta would refuse in these components. */
export function definitionIssues(
  components: readonly unknown[],
  format: ParameterFormat,
  category: string,
): DefinitionIssue[] {
  const issues: DefinitionIssue[] = [];
  const parsed = components.map((component, index) => {
    const result = templateComponentSchema.safeParse(component);
    if (!result.success) issues.push({ path: [index], message: "must be a component with a type" });
    return result.data;
  });
  for (const type of onceOnly) {
    const places = parsed.flatMap((component, index) => (component?.type === type ? [index] : []));
    for (const index of places.slice(1))
      issues.push({ path: [index, "type"], message: "must be there only once" });
  }
  if (!parsed.some((component) => component?.type === "BODY")) {
    issues.push({ path: [], message: "must hold a BODY" });
  }
  const rules = { format, oneTimeCode: category === "AUTHENTICATION" };
  for (const [index, component] of parsed.entries()) {
    if (component) issues.push(...componentIssues(component, rules).map((issue) => under([index], issue)));
  }
  return issues;
}

interface Rules {
  readonly format: ParameterFormat;
  readonly oneTimeCode: boolean;
}

function under(path: readonly (string | number)[], issue: DefinitionIssue): DefinitionIssue {
  return { path: [...path, ...issue.path], message: issue.message };
}

function componentIssues(component: TemplateComponent, rules: Rules): DefinitionIssue[] {
  switch (component.type) {
    case "HEADER":
      return headerIssues(component, rules);
    case "BODY":
      return rules.oneTimeCode ? [] : bodyIssues(component, rules);
    case "FOOTER":
      return [
        ...longerThan("text", component.text, most.footer),
        ...(variablesIn(component.text).length > 0
          ? [{ path: ["text"], message: "must not hold a variable" }]
          : []),
      ];
    case "BUTTONS":
      return buttonsIssues(component.buttons).map((issue) => under(["buttons"], issue));
    case "CAROUSEL":
      return cardIssues(component, rules);
    default:
      return [];
  }
}

function headerIssues(
  { format = "TEXT", text, example }: TemplateComponent,
  rules: Rules,
): DefinitionIssue[] {
  if (mediaFormats.has(format)) {
    const isShown = example !== undefined && "header_handle" in example;
    return isShown ? [] : [{ path: ["example"], message: "must hold a header_handle for the reviewers" }];
  }
  if (format !== "TEXT") return [];
  const names = variablesIn(text);
  return [
    ...(text === "" ? [{ path: ["text"], message: "must not be empty" }] : []),
    ...longerThan("text", text, most.header),
    ...(names.length > 1 ? [{ path: ["text"], message: "must not hold more than one variable" }] : []),
    ...nameIssues(names, rules.format),
    ...(names.length > 0 && !example?.header_text && !example?.header_text_named_params
      ? [{ path: ["example"], message: "must show a value of the variable" }]
      : []),
  ];
}

function bodyIssues({ text, example }: TemplateComponent, rules: Rules): DefinitionIssue[] {
  const names = variablesIn(text);
  const at = (message: string) => ({ path: ["text"], message });
  return [
    ...(text.trim() === "" ? [at("must not be empty")] : []),
    ...longerThan("text", text, most.body),
    ...(/^\s*\{\{[^{}]*\}\}|\{\{[^{}]*\}\}\s*$/.test(text)
      ? [at("must not begin or end with a variable")]
      : []),
    ...(/\}\}\s*\{\{/.test(text) ? [at("must have words between variables")] : []),
    ...nameIssues(names, rules.format),
    ...(names.length > 0 && !example?.body_text && !example?.body_text_named_params
      ? [{ path: ["example"], message: "must show a value of each variable" }]
      : []),
  ];
}

function nameIssues(names: readonly string[], format: ParameterFormat): DefinitionIssue[] {
  const isRight =
    format === "NAMED"
      ? names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))
      : names.toSorted((a, b) => Number(a) - Number(b)).every((name, index) => name === String(index + 1));
  if (isRight) return [];
  const message =
    format === "NAMED"
      ? "must name its variables in lower case letters, digits and underscores"
      : "must count its variables {{1}}, {{2}} without gaps";
  return [{ path: ["text"], message }];
}

function buttonsIssues(buttons: readonly TemplateButton[]): DefinitionIssue[] {
  const of = (type: string) => buttons.filter((button) => button.type === type).length;
  const at = (message: string) => ({ path: [], message });
  const replies = buttons.flatMap(({ type }, index) => (type === "QUICK_REPLY" ? [index] : []));
  const grouped = replies.every((place, nth) => place === (replies[0] ?? 0) + nth);
  const texts = buttons.map(({ text }) => text).filter(Boolean);
  return [
    ...(buttons.length === 0 || buttons.length > 10 ? [at("must be 1 to 10")] : []),
    ...(of("URL") > 2 ? [at("must not hold more than 2 URL buttons")] : []),
    ...(of("PHONE_NUMBER") > 1 ? [at("must not hold more than one PHONE_NUMBER button")] : []),
    ...(of("COPY_CODE") > 1 ? [at("must not hold more than one COPY_CODE button")] : []),
    ...(grouped ? [] : [at("must have its quick replies side by side")]),
    ...(areUnique(texts) ? [] : [at("must have texts that differ")]),
    ...buttons.flatMap((button, index) => buttonIssues(button).map((issue) => under([index], issue))),
  ];
}

function buttonIssues({ type, text, url, example, phone_number }: TemplateButton): DefinitionIssue[] {
  const issues = longerThan("text", text, most.button);
  switch (type) {
    case "URL": {
      const names = variablesIn(url ?? "");
      const isRight = names.length === 0 || (names.length === 1 && /\{\{[^{}]*\}\}$/.test(url ?? ""));
      return [
        ...issues,
        ...(url === undefined ? [{ path: ["url"], message: "must be given" }] : []),
        ...longerThan("url", url ?? "", most.url),
        ...(isRight ? [] : [{ path: ["url"], message: "must hold one variable at most, at its end" }]),
      ];
    }
    case "PHONE_NUMBER": {
      const number = typeof phone_number === "string" ? phone_number : "";
      const missing = number === "" ? [{ path: ["phone_number"], message: "must be given" }] : [];
      return [...issues, ...missing, ...longerThan("phone_number", number, most.phone)];
    }
    case "COPY_CODE":
      return [...issues, ...longerThan("example", example?.[0] ?? "", most.code)];
    default:
      return issues;
  }
}

function cardIssues({ cards }: TemplateComponent, rules: Rules): DefinitionIssue[] {
  const count =
    cards.length < 2 || cards.length > 10 ? [{ path: ["cards"], message: "must be 2 to 10" }] : [];
  return [
    ...count,
    ...cards.flatMap((card, index) =>
      card.components.flatMap((candidate, place) => {
        const component = templateComponentSchema.safeParse(candidate).data;
        const path = ["cards", index, "components", place];
        if (!component) return [{ path, message: "must be a component with a type" }];
        return componentIssues(component, rules).map((issue) => under(path, issue));
      }),
    ),
  ];
}

function longerThan(field: string, text: string, limit: number): DefinitionIssue[] {
  if (lengthOf(text) <= limit) return [];
  return [{ path: [field], message: `must not be longer than ${limit} characters` }];
}

const componentsSchema = z
  .array(z.record(z.string(), z.unknown()))
  .min(1)
  .max(10)
  .meta({
    description:
      "Components in Meta's own form. Headers with media show an example by an upload handle of Meta's.",
    example: [
      {
        type: "BODY",
        text: "Hi {{1}}, your order is ready.",
        example: { body_text: [["Ana"]] },
      },
    ],
  });
const categorySchema = z
  .enum(["MARKETING", "UTILITY", "AUTHENTICATION"])
  .meta({ description: "Meta may put it into another one.", example: "UTILITY" });
const ttlSchema = z
  .number()
  .int()
  .min(30)
  .max(2_592_000)
  .meta({ description: "How long Meta tries to deliver a message, in seconds.", example: 3_600 });

export const createTemplateBodySchema = z
  .strictObject({
    connectionId: objectIdSchema
      .optional()
      .meta({ description: "A number of the account to create it in; the default number's when absent." }),
    name: z
      .string()
      .regex(/^[a-z0-9_]{1,512}$/, "must be 1 to 512 lower case letters, digits and underscores")
      .meta({ description: "Name; never changes.", example: "order_ready" }),
    language: templateLanguageSchema,
    category: categorySchema,
    parameterFormat: z
      .enum(["POSITIONAL", "NAMED"])
      .default("POSITIONAL")
      .meta({ description: "`{{1}}`, or `{{first_name}}`.", example: "POSITIONAL" }),
    components: componentsSchema,
    messageSendTtlSeconds: ttlSchema.optional(),
  })
  .superRefine(({ components, parameterFormat, category }, issues) => {
    for (const { path, message } of definitionIssues(components, parameterFormat, category)) {
      issues.addIssue({ code: "custom", path: ["components", ...path], message });
    }
  })
  .meta({ id: "CreateTemplate" });
export type CreateTemplateBody = z.output<typeof createTemplateBodySchema>;

export const editTemplateBodySchema = z
  .strictObject({
    components: componentsSchema.optional(),
    category: categorySchema.optional(),
    messageSendTtlSeconds: ttlSchema.optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: "must change something",
  })
  .meta({ id: "EditTemplate", example: { components: componentsSchema.meta()?.example } });
export type EditTemplateBody = z.output<typeof editTemplateBodySchema>;
