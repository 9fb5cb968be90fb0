const longest = 200;

/**
 * A name that is safe to store and show: the last part of a path, without control or direction-changing characters,
 * 200 characters at most. null when nothing is left of it. Bytes are never stored under it.
 */
export function cleanFileName(name: string | null | undefined): string | null {
  const last = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  const clean = last
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "")
    .trim();
  return [...clean].slice(0, longest).join("").replace(/^\.+/, "") || null;
}

/** `Content-Disposition` for a download (RFC 6266): an ASCII name for all, and the real one for those that read it. */
export function contentDisposition(type: "inline" | "attachment", name: string | null): string {
  if (name === null) return type;
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
