/** The client that `npm run openapi -- --client` makes, used as docs/api.md shows. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { processEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { createTenant } from "../../builders/client.builder";
import { docBlocks } from "../../setup/doc.blocks";
import { startServer } from "../edge/server.process";

const run = promisify(execFile);
const root = join(__dirname, "../../..");
const bin = join(root, "node_modules/.bin");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-client-"));
});
afterAll(async () => {
  await closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

test("it is strictly typed, and the example of docs/api.md runs as printed", async () => {
  const client = join(folder, "ecod.client.ts");
  await run(process.execPath, ["--import", "tsx", "src/cli/openapi.ts", "--client", client], {
    cwd: root,
    env: processEnvironment({}),
  });
  const [example = ""] = await docBlocks("docs/api.md", "ts");
  expect(example).toContain("EcodClient");
  await writeFile(join(folder, "tour.ts"), example);
  await writeFile(
    join(folder, "wrong.ts"),
    'import { EcodClient } from "./ecod.client";\nnew EcodClient().leads.createLead({ phone: 5 });\n',
  );
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const check = (file: string) =>
    run(
      join(bin, "tsc"),
      [
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
      ].concat(["--lib", "es2023,dom,dom.iterable", "--types", "node", "--skipLibCheck", file]),
      { cwd: folder },
    );
  await check("tour.ts");
  await expect(check("wrong.ts")).rejects.toMatchObject({
    stdout: expect.stringContaining("Type 'number' is not assignable to type 'string"),
  });

  const [tenant, server] = await Promise.all([createTenant("typed"), startServer({ ECOD_STAGE: "local" })]);
  try {
    const { stdout } = await run(process.execPath, ["--import", "tsx", join(folder, "tour.ts")], {
      cwd: root,
      env: processEnvironment({
        ECOD_URL: server.url,
        ECOD_API_KEY: tenant.apiKey,
        ECOD_CLIENT_CODE: tenant.clientCode,
      }),
    });
    expect(stdout.trim().split("\n")).toEqual(["duplicate", "2 Rui & Co"]);
  } finally {
    await server.stop();
  }
});
