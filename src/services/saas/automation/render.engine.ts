/** The template engine of rules: Liquid without files, without inherited properties, and with limits. */
import { type Context, Liquid } from "liquidjs";
import { isHole, refuseHole, renderFilters, wanted } from "./render.filters";

/** Tags that read other templates: there are none, and looking for them would read the disk. */
const fileTags = ["include", "render", "layout", "block"];
/** Keeps texts that no limit counts, which may double with each use. */
const uncounted = ["capture"];

let engine: Liquid | undefined;

/** Writes a value into the text; Liquid itself counts only what filters make. */
function write(this: { context: Context }, value: unknown): string {
  if (typeof value === "string") this.context.memoryLimit.use(value.length);
  return refuseHole(value);
}

export function liquid(): Liquid {
  if (engine) return engine;
  engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    // `{{ x | default: "y" }}` may name what is missing.
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    templates: {},
    parseLimit: 8_192,
    renderLimit: 200,
    memoryLimit: 1_000_000,
    outputEscape: write,
  });
  for (const tag of [...fileTags, ...uncounted]) delete engine.tags[tag];
  // `raw` would pass by the look for holes, and there is nothing to escape.
  delete engine.filters.raw;
  // As Liquid's own, but an empty default is a wish and no hole.
  engine.registerFilter("default", (value: unknown, fallback: unknown) => {
    if (!isHole(value) && value !== false) return value;
    return isHole(fallback) ? wanted : fallback;
  });
  for (const [name, { apply }] of Object.entries(renderFilters))
    engine.registerFilter(name, function (value: unknown, ...args: unknown[]) {
      // What is missing stays missing: a default may follow.
      if (isHole(value) || value === wanted) return value;
      return apply(value, args, this.context.environments);
    });
  return engine;
}
