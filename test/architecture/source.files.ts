import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(__dirname, "../..");

/** One import of a file: where to, as a path in the project when it is one of ours, else the package's name. */
export interface ImportLine {
  readonly to: string;
  readonly ours: boolean;
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Path in the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportLine[];
}

/** Every TypeScript file of these folders and files. @throws Error when there is none: nothing would be checked. */
export function sourceFiles(...places: string[]): SourceFile[] {
  const files = places.flatMap((place) => walk(join(root, place))).filter((path) => path.endsWith(".ts"));
  if (files.length === 0) throw new Error(`There is no TypeScript file in ${places.join(", ")}.`);
  return files.map((path) => {
    const text = readFileSync(path, "utf8");
    return { path: relative(root, path), text, imports: importsOf(path, text) };
  });
}

function walk(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name !== "node_modules" && !name.startsWith("."))
    .flatMap((name) => walk(join(path, name)));
}

const staticImport = /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const dynamicImport = /\b(?:import|require)\(\s*"([^"]+)"\s*\)/g;

function importsOf(path: string, text: string): ImportLine[] {
  const found: ImportLine[] = [];
  for (const [, type, to = ""] of text.matchAll(staticImport)) found.push(line(path, to, type !== undefined));
  for (const [, to = ""] of text.matchAll(dynamicImport)) found.push(line(path, to, false));
  return found;
}

function line(from: string, to: string, typeOnly: boolean): ImportLine {
  if (!to.startsWith(".")) return { to, ours: false, typeOnly };
  return { to: relative(root, resolve(dirname(from), to)), ours: true, typeOnly };
}
