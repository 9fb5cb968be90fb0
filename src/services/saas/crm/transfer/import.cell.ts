/** Values of a file as the fields of leads take them. */
import type { CustomFieldType } from "../../../../contracts/custom.field.contract";
import { unguarded } from "./formula.guard";

export interface CellOptions {
  readonly decimalComma: boolean;
  readonly customTypes: ReadonlyMap<string, CustomFieldType>;
}

const yes = new Set(["true", "yes", "y", "1", "x", "sim", "si", "sí", "oui", "ja"]);
const no = new Set(["false", "no", "n", "0", "não", "nao", "non", "nein"]);

/**
 * A cell as a value for `target`; undefined when it is empty. What cannot be read stays as it is, for the contract of
 * leads to refuse. Values of JSON files have their types already.
 */
export function cellValue(target: string, cell: unknown, options: CellOptions): unknown {
  if (typeof cell !== "string") return cell ?? undefined;
  const text = unguarded(cell).normalize("NFC").trim();
  if (text === "") return undefined;
  switch (typeOf(target, options)) {
    case "number":
      return numberOf(text, options.decimalComma);
    case "boolean":
      return booleanOf(text);
    case "list":
      return text
        .split(/[,;|]/)
        .map((part) => part.trim())
        .filter((part) => part !== "");
    case "email":
      return text.toLowerCase();
    default:
      return text;
  }
}

function typeOf(
  target: string,
  { customTypes }: CellOptions,
): "number" | "boolean" | "list" | "email" | "text" {
  if (target === "value.amount" || target === "score") return "number";
  if (target === "doNotContact" || target === "consent.whatsapp.optIn") return "boolean";
  if (target === "tags") return "list";
  if (target === "email") return "email";
  const type = target.startsWith("custom.") ? customTypes.get(target.slice("custom.".length)) : undefined;
  if (type === "multi_select") return "list";
  return type === "number" || type === "boolean" ? type : "text";
}

function numberOf(text: string, decimalComma: boolean): number | string {
  const spaceless = text.replace(/[\s\u00a0']/g, "");
  const plain = decimalComma
    ? spaceless.replaceAll(".", "").replace(",", ".")
    : spaceless.replace(/,(?=\d{3}(\D|$))/g, "");
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text;
}

function booleanOf(text: string): boolean | string {
  const word = text.toLowerCase();
  if (yes.has(word)) return true;
  return no.has(word) ? false : text;
}
