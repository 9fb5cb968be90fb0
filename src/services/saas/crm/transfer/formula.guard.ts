const number = /^[+-]?\d+([.,]\d+)?$/;
/** Also the wide forms of these signs, which spreadsheets of East Asia take for them. */
const startsFormula = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * A text as a cell that no spreadsheet takes for a formula (CSV injection): a quote is put before it. Numbers and
 * phone numbers stay as they are. Imports take the quote away again.
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function guarded(text: string): string {
  return startsFormula.test(text) && !number.test(text) ? `'${text}` : text;
}

/** The text behind a quote that `guarded` put before it. */
export function unguarded(cell: string): string {
  return cell.startsWith("'") && startsFormula.test(cell.slice(1)) ? cell.slice(1) : cell;
}
