import * as z from "zod";
import { defineRoute, type Route } from "../lib/http/define.route";
import { openApiDocument } from "../lib/http/openapi";
import { docsAsset, docsAssetNames, docsPage } from "./docs.page";

const documentSchema = z
  .looseObject({ openapi: z.string().meta({ description: "Version of OpenAPI.", example: "3.1.0" }) })
  .meta({ description: "OpenAPI 3.1 document." });

const contentSecurityPolicy = [
  "default-src 'none'",
  "connect-src 'self'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "script-src 'self'",
  // The documentation page sets styles on its own elements.
  "style-src 'self' 'unsafe-inline'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * The API's own documentation, for people and programs.
 * @param documented every route; called when the document is first asked for
 */
export function docsRoutes(documented: () => readonly Route[]): readonly Route[] {
  let document: ReturnType<typeof openApiDocument> | undefined;
  return [
    defineRoute({
      operationId: "getOpenApi",
      method: "GET",
      path: "/api/openapi.json",
      tag: "Documentation",
      summary: "This API as an OpenAPI document",
      description: "Made from the same tables that answer requests.",
      auth: { kind: "public" },
      input: {},
      output: { status: 200, description: "OpenAPI 3.1.", body: documentSchema },
      problems: [],
      async run() {
        document ??= openApiDocument(documented());
        return { body: { ...document }, headers: { "cache-control": "public, max-age=60" } };
      },
    }),
    defineRoute({
      operationId: "getDocs",
      method: "GET",
      path: "/api/docs",
      tag: "Documentation",
      summary: "This API as a page to read and try",
      description: "It needs nothing from other hosts.",
      auth: { kind: "public" },
      input: {},
      output: { status: 200, description: "A page.", contentType: "text/html; charset=utf-8" },
      problems: [],
      run: async () => ({
        body: docsPage,
        headers: { "content-security-policy": contentSecurityPolicy, "referrer-policy": "no-referrer" },
      }),
    }),
    defineRoute({
      operationId: "getDocsAsset",
      method: "GET",
      path: "/api/docs/{asset}",
      tag: "Documentation",
      summary: "A file of the documentation page",
      description: "Scripts and styles of that page.",
      auth: { kind: "public" },
      input: {
        params: z.object({
          asset: z.enum(docsAssetNames).meta({ description: "Name of the file.", example: "page.js" }),
        }),
      },
      output: { status: 200, description: "The file.", contentType: ["text/javascript", "text/css"] },
      problems: [],
      async run({ params, header }) {
        const asset = await docsAsset(params.asset);
        const gzip = /\bgzip\b/.test(header("accept-encoding") ?? "");
        return {
          body: gzip ? asset.gzipped : asset.bytes,
          headers: {
            "content-type": asset.contentType,
            "cache-control": "public, max-age=3600",
            vary: "accept-encoding",
            ...(gzip ? { "content-encoding": "gzip" } : {}),
          },
        };
      },
    }),
  ];
}
