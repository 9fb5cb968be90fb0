/** Runs one area in this process and sends its report to the process that started it. */
import { closeAllConnections } from "../src/lib/tenant/tenant.registry";
import { areas, isAreaName } from "./areas";

async function main(): Promise<void> {
  const [name = ""] = process.argv.slice(2);
  if (!isAreaName(name) || !process.send) throw new Error("This file is started by `npm run bench` only.");
  const area = await areas[name]();
  try {
    process.send(await area.run());
  } finally {
    await closeAllConnections();
    process.disconnect();
  }
}

void main();
