/** `npm run openapi [file]`: writes the API's OpenAPI document to a file, or to stdout. Needs no database. */
import { writeFile } from "node:fs/promises";
import { openApiDocument } from "../lib/http/openapi";
import { routes } from "../routes";

async function main(): Promise<void> {
  const text = `${JSON.stringify(openApiDocument(routes), null, 2)}\n`;
  const [file] = process.argv.slice(2);
  if (file === undefined) process.stdout.write(text);
  else await writeFile(file, text);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `The document could not be written: ${error instanceof Error ? error.message : error}\n`,
  );
  process.exitCode = 1;
});
