/** `npm run bench`: how fast and how big, each figure beside its own limit in the same run. */
import { parseArgs } from "node:util";
import { MongoSetupError } from "../dev/mongo/mongo.error";
import { startMongo } from "../dev/mongo/start.mongo";
import type { AreaOptions } from "./area";
import { type AreaName, areaNames, areaOf, isAreaName } from "./areas";
import { type Figure, verdictOf } from "./figure";
import { machineLine } from "./machine";
import { startArea } from "./start.area";
import { tableOf } from "./table";

function help(): string {
  const lines = areaNames.map((name) => `  ${name.padEnd(10)} ${areaOf(name).about}`);
  return `npm run bench [-- area...] [options]

Measures on a throw-away MongoDB, in stage local. Without areas: all of them.

${lines.join("\n")}

  --full     the queue with a million jobs behind it, the CRM with 100,000 leads; takes minutes
  --json     figures as JSON on standard output, nothing else
  --help     this text

Ratios, sizes and counts are gates: exit code 1 when one is missed. Times in ms hold for an idle machine and are
reported only.
`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      full: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help());
    return 0;
  }
  const unknown = positionals.find((name) => !isAreaName(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no area "${unknown}". There are: ${areaNames.join(", ")}.\n`);
    return 2;
  }
  const wanted = positionals.length === 0 ? areaNames : positionals.filter(isAreaName);
  const say = (line: string) => (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const { machine, figures, failed } = await runAreas(wanted, values, say);
  if (values.json)
    process.stdout.write(`${JSON.stringify({ machine, figures: withVerdicts(figures) }, null, 2)}\n`);
  const missed = figures.filter((figure) => verdictOf(figure) === "MISSED");
  say(
    `\n${figures.length} figures, ${missed.length} of them missed a gate${failed ? `, ${failed} areas failed` : ""}.`,
  );
  return missed.length + failed === 0 ? 0 : 1;
}

/** One after the other, each with the machine to itself. */
async function runAreas(wanted: readonly AreaName[], options: AreaOptions, say: (line: string) => void) {
  const mongo = await startMongo({ log: say });
  const stop = () => void mongo.stop().finally(() => process.exit(130));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const machine = machineLine(mongo);
    say(machine);
    const figures: Figure[] = [];
    let failed = 0;
    for (const name of wanted) {
      const began = performance.now();
      try {
        const report = await startArea(name, mongo.uri, options);
        figures.push(...report.figures);
        say(`\n${name} (${((performance.now() - began) / 1000).toFixed(0)} s)\n${tableOf(report.figures)}`);
        for (const note of report.notes) say(`  ${note}`);
      } catch (error) {
        failed += 1;
        say(`\n${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { machine, figures, failed };
  } finally {
    await mongo.stop();
  }
}

function withVerdicts(figures: readonly Figure[]) {
  return figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) }));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof MongoSetupError || error instanceof Error;
    process.stderr.write(`${known ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
