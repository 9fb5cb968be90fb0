/** The replay's words: a line for each payload, and the summary. */
import { badFates, type Fate, fates, type ItemFate } from "./fates";

export interface PayloadReport {
  readonly name: string;
  /** Answers of the webhook, one for each time it was delivered; 0: none came. */
  readonly answers: readonly number[];
  readonly items: readonly ItemFate[];
}

/** What the payload came to: its worst answer or item. */
export function fateOfPayload({ answers, items }: PayloadReport): ItemFate {
  const refused = answers.find((status) => status !== 200);
  const candidates = refused === undefined ? [...items] : [...items, answerFate(refused)];
  return candidates.reduce(
    (worst, each) => (fates.indexOf(each.fate) < fates.indexOf(worst.fate) ? each : worst),
    { fate: "empty", reason: "no items inside" },
  );
}

function answerFate(status: number): ItemFate {
  if (status === 0) return { fate: "no answer", reason: "the connection failed" };
  return { fate: status >= 500 ? "server error" : "refused", reason: `answered ${status}` };
}

export function payloadLines(reports: readonly PayloadReport[]): string[] {
  const width = Math.min(60, Math.max(...reports.map(({ name }) => name.length)));
  return reports.map((report) => {
    const { fate, reason } = fateOfPayload(report);
    const items = `${report.items.length} item${report.items.length === 1 ? " " : "s"}`;
    return `${report.name.padEnd(width)}  ${String(report.answers.length).padStart(2)}x  ${items}  ${fate.padEnd(12)} ${reason}`;
  });
}

/** Payloads by fate and reason, most first. */
export function summaryLines(reports: readonly PayloadReport[]): string[] {
  const counts = new Map<string, { fate: Fate; reason: string; payloads: number }>();
  for (const report of reports) {
    const { fate, reason } = fateOfPayload(report);
    const row = counts.get(`${fate} ${reason}`) ?? { fate, reason, payloads: 0 };
    row.payloads += 1;
    counts.set(`${fate} ${reason}`, row);
  }
  const rows = [...counts.values()].sort(
    (a, b) => fates.indexOf(a.fate) - fates.indexOf(b.fate) || b.payloads - a.payloads,
  );
  return rows.map(
    ({ fate, reason, payloads }) => `${String(payloads).padStart(6)}  ${fate.padEnd(12)} ${reason}`,
  );
}

export const isBad = (report: PayloadReport): boolean => badFates.includes(fateOfPayload(report).fate);
