import {
  hashApiKeySecret,
  makeApiKey,
  parseApiKey,
  verifyApiKeySecret,
} from "../../../../src/lib/auth/api.key";

describe("an API key", () => {
  test.each(["live", "test", "admin"] as const)("of kind %s comes apart into what it was made of", (kind) => {
    const made = makeApiKey(kind);
    const parsed = parseApiKey(made.key);
    expect(parsed).toMatchObject({ kind, keyId: made.keyId });
    expect(hashApiKeySecret(parsed?.secret ?? "")).toBe(made.hash);
    expect(made.key.endsWith(made.last4)).toBe(true);
    expect(verifyApiKeySecret(parsed?.secret ?? "", made.hash)).toBe(true);
  });

  test("is never made twice", () => {
    const keys = Array.from({ length: 1_000 }, () => makeApiKey("live").key);
    expect(new Set(keys).size).toBe(1_000);
  });

  test("is not taken with one letter mistyped anywhere", () => {
    const { key } = makeApiKey("test");
    for (let at = 0; at < key.length; at++) {
      const other = key[at] === "x" ? "y" : "x";
      expect(parseApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }
  });

  test.each([
    "",
    "ecod_live__",
    "ecod_prod_12345678_x",
    " ",
    `${makeApiKey("live").key}\n`,
    "x".repeat(10_000),
  ])("is not seen in %j", (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  test("is refused for another key's hash and for a key id that does not exist", () => {
    const secret = parseApiKey(makeApiKey("live").key)?.secret ?? "";
    expect(verifyApiKeySecret(secret, makeApiKey("live").hash)).toBe(false);
    expect(verifyApiKeySecret(secret, undefined)).toBe(false);
    expect(verifyApiKeySecret(secret, "")).toBe(false);
  });
});
