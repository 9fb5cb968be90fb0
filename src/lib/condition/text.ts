/** Texts as people mean them: composed (NFC), trimmed, and without case unless asked for. */

/** The form in which texts are compared without case; what is stored for searching has this form too. */
export function foldText(text: string): string {
  // Both ways, so that ß and SS are one; the final sigma depends on its place, so it becomes the usual one.
  return exactText(text).toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

export function exactText(text: string): string {
  return text.normalize("NFC").trim();
}

/** The pattern that finds this text; its special characters stand for themselves. MongoDB takes no NUL in a pattern. */
export function patternOf(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&").replaceAll("\0", "\\x00");
}
