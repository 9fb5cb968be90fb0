import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** The page that reads `/api/openapi.json` and shows it. Everything it loads comes from this very API. */
export const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ECOD API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="stylesheet" href="/api/docs/page.css">
</head>
<body>
<noscript>This page needs JavaScript. The document itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
<main id="docs"></main>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/page.js"></script>
</body>
</html>
`;

const pageScript = `SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
`;

const pageStyle = `body { margin: 0; background: #fff; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info table { width: auto; }
.swagger-ui .info table tbody tr td, .swagger-ui .info table thead tr th {
  padding: 1px 20px 1px 0; vertical-align: baseline; min-width: 0;
}
`;

export const docsAssetNames = ["swagger-ui.css", "swagger-ui-bundle.js", "page.css", "page.js"] as const;
export type DocsAssetName = (typeof docsAssetNames)[number];

export interface DocsAsset {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

const loaded = new Map<DocsAssetName, Promise<DocsAsset>>();

/** A file of the page, read once. Swagger UI's own files lie in node_modules, also in the deployed package. */
export function docsAsset(name: DocsAssetName): Promise<DocsAsset> {
  const asset = loaded.get(name) ?? load(name);
  loaded.set(name, asset);
  return asset;
}

async function load(name: DocsAssetName): Promise<DocsAsset> {
  const contentType = name.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
  const bytes = await bytesOf(name);
  return { contentType, bytes, gzipped: await promisify(gzip)(bytes) };
}

async function bytesOf(name: DocsAssetName): Promise<Buffer> {
  if (name === "page.js") return Buffer.from(pageScript);
  if (name === "page.css") return Buffer.from(pageStyle);
  // Resolved at run time: the bundler must neither inline these files nor look for them.
  return readFile(createRequire(__filename).resolve(`swagger-ui-dist/${name}`));
}
