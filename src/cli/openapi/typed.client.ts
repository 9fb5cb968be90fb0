import type { OpenApiDocument } from "../../lib/http/openapi";

/**
 * The TypeScript client of an OpenAPI document: one file, by fetch, with the types of every request, answer and
 * problem. Methods are grouped by tag and named as the operations: `client.leads.createLead(...)`.
 * @throws Error when the generator is not installed, as after `npm ci --omit=dev`
 */
export async function typedClient(document: OpenApiDocument): Promise<string> {
  const { generateApi } = await loadGenerator();
  const { files } = await generateApi({
    // The generator takes a plain document, of which our type is a stricter form.
    spec: JSON.parse(JSON.stringify(document)),
    output: false,
    fileName: "ecod.client.ts",
    apiClassName: "EcodClient",
    moduleNameFirstTag: true,
    httpClientType: "fetch",
    silent: true,
  });
  return files.map(({ fileContent }) => fileContent).join("\n");
}

async function loadGenerator(): Promise<typeof import("swagger-typescript-api")> {
  try {
    return await import("swagger-typescript-api");
  } catch (cause) {
    throw new Error("the client's generator is a development dependency; run npm ci without --omit=dev", {
      cause,
    });
  }
}
