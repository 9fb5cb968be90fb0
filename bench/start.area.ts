import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { processEnvironment } from "../src/lib/env/env";
import type { AreaOptions } from "./area";
import { type AreaName, areaOf } from "./areas";
import { type Report, reportSchema } from "./figure";

/**
 * Runs an area in a process and a central database of its own, as stage local.
 * @throws Error when it ends without a report; what it printed stands above.
 */
export async function startArea(name: AreaName, mongoUri: string, { full }: AreaOptions): Promise<Report> {
  const area = areaOf(name);
  const uri = new URL(mongoUri);
  if (area.watchesCommands) uri.searchParams.set("monitorCommands", "true");
  const child = fork(join(__dirname, "run.area.ts"), [name, full ? "full" : "short"], {
    execArgv: ["--import", "tsx"],
    // Standard output is the report's; what an area logs goes beside it.
    stdio: ["ignore", 2, "inherit", "ipc"],
    env: processEnvironment({
      ECOD_STAGE: "local",
      MONGODB_URI: uri.href,
      ECOD_CENTRAL_DB: `bench_${name}_${Date.now().toString(36)}`,
      ECOD_MASTER_KEY: `bench:${randomBytes(32).toString("base64")}`,
      WHATSAPP_APP_SECRET: "bench-app-secret",
      WHATSAPP_VERIFY_TOKEN: "bench-verify-token",
      LOG_LEVEL: "ERROR",
      ...area.settings,
    }),
  });
  return new Promise((resolve, reject) => {
    let report: Report | undefined;
    child.once("message", (message) => {
      report = reportSchema.parse(message);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (report && code === 0) resolve(report);
      else reject(new Error(`The area ${name} ended with ${signal ?? `code ${code}`} before it was done.`));
    });
  });
}
