import { readFile } from "node:fs/promises";
import { join } from "node:path";

const projectRoot = join(__dirname, "../..");

/** The code blocks of a page of ours, in order. @param language as after the three backticks */
export async function docBlocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(join(projectRoot, page), "utf8");
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...text.matchAll(fence)].map(([, block = ""]) => block);
}
