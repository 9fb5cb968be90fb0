import { type Figure, type Measure, verdictOf } from "./figure";

const headings = ["what", "figure", "limit in the same run", "ratio", "at least", "best of class", "verdict"];

/** Rows for people: one figure a line, columns as wide as their widest cell. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(rowOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" | ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("-|-");
  return [line(headings), rule, ...rows.slice(1).map(line)].join("\n");
}

function rowOf(figure: Figure): string[] {
  const { what, limit, ratio, target } = figure;
  const unit = ratio === undefined ? figure.figure.unit : "x";
  const bound = (value: number) => `${target?.direction === "at most" ? "≤ " : ""}${show({ value, unit })}`;
  return [
    what,
    show(figure.figure),
    limit ? show(limit) : "",
    ratio === undefined ? "" : show({ value: ratio, unit: "x" }),
    target ? bound(target.value) : "",
    target ? bound(target.best) : "",
    verdictOf(figure),
  ];
}

/** A number with its unit: three digits where there are decimals, whole numbers otherwise. */
export function show({ value, unit }: Measure): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return unit === "x" ? `${text}x` : `${text} ${unit}`.trim();
}
