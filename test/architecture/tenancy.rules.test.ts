/** What keeps tenants apart, held by reading the code. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import mongoose from "mongoose";
import { sourceFiles } from "./source.files";

const files = sourceFiles("src", "functions", "dev", "bench", "esbuild.config.ts");
const placesOf = (pattern: RegExp, from = files): string[] =>
  from.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

test("nothing touches mongoose's default connection", () => {
  const uses =
    /\bmongoose\s*\.\s*(?:connect|model|connection|disconnect|startSession)\b|\bmongoose\.default\b/;
  const named = /import\s*\{[^}]*\b(?:connect|connection|model|disconnect)\b[^}]*\}\s*from\s*"mongoose"/;
  expect([...placesOf(uses), ...placesOf(named)]).toEqual([]);
});

test("loading every module compiles no model and opens no connection", async () => {
  for (const folder of ["functions", "src/routes", "src/routes/crm", "src/routes/admin", "src/jobs/handlers"])
    for (const name of readdirSync(join(__dirname, "../..", folder)))
      if (name.endsWith(".ts")) await import(join(__dirname, "../..", folder, name));
  expect(mongoose.modelNames()).toEqual([]);
  // The first is the default connection, which mongoose makes by itself; 0 is "disconnected".
  expect(mongoose.connections.map(({ readyState }) => readyState)).toEqual([0]);
});

test("no file exports a compiled model", () => {
  expect(placesOf(/export\s+(?:const|default)[^;]*\.model\(/)).toEqual([]);
});

test("a client code is minted in four places only", () => {
  const deployed = sourceFiles("src", "functions");
  const callers = placesOf(/\bmintClientCode\(/, deployed).filter(
    (path) => path !== "src/lib/tenant/client.code.ts",
  );
  expect(callers.sort()).toEqual([
    "src/jobs/run/run.job.ts",
    "src/lib/auth/verify.core.token.ts",
    "src/services/clients/data.source.service.ts",
    "src/services/clients/platform.gate.ts",
  ]);
  const branded = placesOf(/as ClientCode\b|clientCodeSchema\.parse\(/, deployed);
  expect(branded).toEqual(["src/lib/tenant/client.code.ts"]);
});

test("the environment is read in one place", () => {
  expect(placesOf(/\bprocess\s*\.\s*env\b|\benv\b[^;]*=\s*process\b/)).toEqual(["src/lib/env/env.ts"]);
});

test("no file has a name that says nothing", () => {
  const empty = /(?:^|[./])(?:utils?|helpers?|misc|common|manager)\.(?!contract\.ts)[^/]*$/;
  const all = sourceFiles("src", "functions", "dev", "bench", "test").map(({ path }) => path);
  expect(all.filter((path) => empty.test(path))).toEqual([]);
});
