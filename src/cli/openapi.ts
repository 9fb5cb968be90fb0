/**
 * `npm run openapi`: the API's OpenAPI document, and a typed client made from it. Needs no database.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { openApiDocument } from "../lib/http/openapi";
import { routes } from "../routes";

const usage = `Usage: npm run openapi -- [FILE] [--client FILE]
  FILE            write the OpenAPI 3.1 document there; to stdout when neither is given
  --client FILE   write a typed TypeScript client there, e.g. dist/ecod.client.ts
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean" }, client: { type: "string" } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const document = openApiDocument(routes);
  const [file] = positionals;
  if (file !== undefined) await write(file, `${JSON.stringify(document, null, 2)}\n`);
  if (values.client !== undefined) {
    const { typedClient } = await import("./openapi/typed.client");
    await write(values.client, await typedClient(document));
  }
  if (file === undefined && values.client === undefined)
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stderr.write(`Wrote ${file}.\n`);
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Nothing more could be written: ${reason}\n${usage}`);
  process.exitCode = 1;
});
