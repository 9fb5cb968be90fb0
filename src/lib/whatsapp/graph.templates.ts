/** @see https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates */
import type * as z from "zod";
import {
  type GraphTemplate,
  graphTemplateSchema,
  successAnswerSchema,
  templateCreatedSchema,
  templatesPageSchema,
} from "../../contracts/graph.contract";
import { dataOf } from "./graph.call.error";
import { callGraph } from "./graph.request";

const fields = "id,name,language,status,category,parameter_format,components,quality_score,rejected_reason";
const pageSize = 100;
/** A WABA holds at most 6,000 templates; more pages than that mean a cursor that runs in a circle. */
const maxPages = 200;

export interface TemplateListing {
  readonly templates: readonly GraphTemplate[];
  /** How many could not be read; a listing with any is not complete. */
  readonly unreadable: number;
}

/**
 * Reads all templates of an account, page by page. Cursors are followed, never `next` itself, which names a host.
 * @throws GraphCallError when any page fails, so that a listing that comes back is whole.
 */
export async function listTemplates(input: {
  token: string;
  wabaId: string;
  signal?: AbortSignal;
}): Promise<TemplateListing> {
  const templates: GraphTemplate[] = [];
  let unreadable = 0;
  let after: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const { data, paging } = dataOf(
      await callGraph({
        method: "GET",
        path: `/${encodeURIComponent(input.wabaId)}/message_templates`,
        query: { fields, limit: String(pageSize), ...(after === undefined ? {} : { after }) },
        token: input.token,
        answer: templatesPageSchema,
        signal: input.signal,
      }),
    );
    for (const candidate of data) {
      const template = graphTemplateSchema.safeParse(candidate);
      if (template.success) templates.push(template.data);
      else unreadable += 1;
    }
    after = paging?.next === undefined ? undefined : paging.cursors?.after;
    if (after === undefined) return { templates, unreadable };
  }
  throw new Error("The template listing does not end.");
}

/** What a template is made of, in Meta's own form. */
export interface TemplateDefinition {
  readonly name: string;
  readonly language: string;
  readonly category: string;
  readonly parameter_format: "POSITIONAL" | "NAMED";
  readonly components: readonly Record<string, unknown>[];
  readonly message_send_ttl_seconds?: number;
}

/** Creates a template; Meta reviews it, and may put it into another category. @throws GraphCallError */
export async function createTemplate(input: {
  token: string;
  wabaId: string;
  definition: TemplateDefinition;
}): Promise<z.output<typeof templateCreatedSchema>> {
  return dataOf(
    await callGraph({
      method: "POST",
      path: `/${encodeURIComponent(input.wabaId)}/message_templates`,
      token: input.token,
      json: input.definition,
      answer: templateCreatedSchema,
    }),
  );
}

/** Replaces what is given; Meta reviews it again. @throws GraphCallError */
export async function editTemplate(input: {
  token: string;
  templateId: string;
  changes: Partial<Pick<TemplateDefinition, "components" | "category" | "message_send_ttl_seconds">>;
}): Promise<void> {
  dataOf(
    await callGraph({
      method: "POST",
      path: `/${encodeURIComponent(input.templateId)}`,
      token: input.token,
      json: input.changes,
      answer: successAnswerSchema,
    }),
  );
}

/** Deletes a template in one language. @throws GraphCallError */
export async function deleteTemplate(input: {
  token: string;
  wabaId: string;
  name: string;
  templateId: string;
}): Promise<void> {
  dataOf(
    await callGraph({
      method: "DELETE",
      path: `/${encodeURIComponent(input.wabaId)}/message_templates`,
      query: { name: input.name, hsm_id: input.templateId },
      token: input.token,
      answer: successAnswerSchema,
    }),
  );
}
