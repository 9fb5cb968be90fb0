/** `npm run openapi -- [file]`: writes the API's OpenAPI document to a file, or to stdout. Needs no database. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { openApiDocument } from "../lib/http/openapi";
import { routes } from "../routes";

const usage = "Usage: npm run openapi -- [file]\nWrites the OpenAPI document to the file, or to stdout.\n";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean" } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const text = `${JSON.stringify(openApiDocument(routes), null, 2)}\n`;
  const [file] = positionals;
  if (file === undefined) process.stdout.write(text);
  else await writeFile(file, text);
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The document could not be written: ${reason}\n${usage}`);
  process.exitCode = 1;
});
