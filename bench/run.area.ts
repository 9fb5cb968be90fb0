/** Runs one area in this process and sends its report to the process that started it. */
import { closeAllConnections } from "../src/lib/tenant/tenant.registry";
import { areaOf, isAreaName } from "./areas";

async function main(): Promise<void> {
  const [name = "", size] = process.argv.slice(2);
  if (!isAreaName(name) || !process.send) throw new Error("This file is started by `npm run bench` only.");
  const { run } = await areaOf(name).load();
  // Whoever started this is gone: nobody waits for the report.
  const orphaned = () => process.exit(1);
  process.once("disconnect", orphaned);
  try {
    process.send(await run({ full: size === "full" }));
  } finally {
    await closeAllConnections();
    process.off("disconnect", orphaned);
    process.disconnect();
  }
}

void main();
