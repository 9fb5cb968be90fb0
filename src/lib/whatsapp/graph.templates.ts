/** @see https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates */
import { type GraphTemplate, graphTemplateSchema, templatesPageSchema } from "../../contracts/graph.contract";
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
