import { availableParallelism, cpus, loadavg, totalmem, type } from "node:os";

/** On what this ran, and how busy it was: figures of two machines are not to be compared. */
export function machineLine(mongo: { version: string; source: string }): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 1024 ** 3);
  const load = loadavg()[0]?.toFixed(1) ?? "?";
  return [
    `${availableParallelism()} x ${model}, ${memory} GB, ${type()}`,
    `Node ${process.versions.node}`,
    `MongoDB ${mongo.version}`,
    `load ${load} at the start`,
  ].join("; ");
}
