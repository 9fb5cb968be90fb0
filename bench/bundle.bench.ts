/** Every function as the packager builds it: how big, and how long a cold start takes to load it. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundleOptions, exclude } from "../esbuild.config";
import { aimsAt, atMost, type Figure, type Report } from "./figure";
import { median } from "./measure";

const execute = promisify(execFile);
const imports = 3;
const bytesPerMb = 1024 * 1024;
const loader =
  "const t=performance.now();require(process.argv[1]);process.stdout.write(String(performance.now()-t));process.exit(0)";

/** ms that a fresh process takes to load a bundle, the median of several. */
async function importMs(file: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < imports; i += 1) {
    const { stdout } = await execute(process.execPath, ["-e", loader, file]);
    times.push(Number(stdout));
  }
  return median(times);
}

async function bundleAll(into: string): Promise<string[]> {
  const entryPoints = (await readdir("functions"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `functions/${name}`);
  await build({ ...bundleOptions, entryPoints, outdir: into, external: exclude });
  return entryPoints.map((path) => parse(path).name).sort();
}

/** What no function does without: the least that a bundle can be. */
async function bundleLibraries(into: string): Promise<string> {
  const contents = [
    'export { createConnection, Schema } from "mongoose";',
    'export { default as middy } from "@middy/core";',
    'import * as z from "zod";',
    "export const schema = z.object({ id: z.string() });",
  ];
  const outfile = join(into, "libraries.js");
  await build({
    ...bundleOptions,
    stdin: { contents: contents.join("\n"), resolveDir: process.cwd() },
    outfile,
  });
  return outfile;
}

export async function run(): Promise<Report> {
  // Below the project, so that what is not bundled is found as Lambda finds it in a layer.
  const folder = await mkdtemp(join(process.cwd(), "node_modules", ".bench-"));
  try {
    const libraries = await bundleLibraries(folder);
    const leastMb = await megabytes(libraries);
    const leastMs = await importMs(libraries);
    const sizes: Figure[] = [];
    const times: Figure[] = [];
    for (const name of await bundleAll(folder)) {
      const file = join(folder, `${name}.js`);
      sizes.push({
        what: `bundle of ${name}`,
        figure: { value: await megabytes(file), unit: "MB" },
        limit: { value: leastMb, unit: "MB" },
        target: atMost(3, 1.5),
      });
      times.push({
        what: `import of ${name}`,
        figure: { value: await importMs(file), unit: "ms" },
        limit: { value: leastMs, unit: "ms" },
        target: aimsAt(400, 200),
      });
    }
    return { figures: [...sizes, ...times], notes: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function megabytes(file: string): Promise<number> {
  return (await stat(file)).size / bytesPerMb;
}
