const number = /^[+-]?\d+([.,]\d+)?$/;
const startsFormula = /^[=+\-@\t\r]/;

/**
 * A text as a cell that no spreadsheet takes for a formula (CSV injection): a quote is put before it. Numbers and
 * phone numbers stay as they are. Imports take the quote away again.
 */
export function guarded(text: string): string {
  return startsFormula.test(text) && !number.test(text) ? `'${text}` : text;
}
