import { parseMasterKeys } from "../../../../src/lib/crypto/master.keys";
import { openSecret, sealingKeyId, sealSecret } from "../../../../src/lib/crypto/secret.box";

const base64 = (byte: number): string => Buffer.alloc(32, byte).toString("base64");
const place = { collection: "secrets", clientCode: "acme", field: "token" };

describe("the secret box", () => {
  test("opens what it sealed, and never seals the same twice", () => {
    const one = sealSecret(place, "hush ünïcode");
    const two = sealSecret(place, "hush ünïcode");
    expect(one).not.toBe(two);
    expect(one).not.toContain("hush");
    expect([openSecret(place, one), openSecret(place, two)]).toEqual(["hush ünïcode", "hush ünïcode"]);
  });

  test.each([
    ["another client", { ...place, clientCode: "other" }],
    ["another field", { ...place, field: "uri" }],
    ["another collection", { ...place, collection: "clientDataSources" }],
  ])("does not open an envelope that was moved to %s", (_, elsewhere) => {
    expect(() => openSecret(elsewhere, sealSecret(place, "hush"))).toThrow("does not open");
  });

  test("does not open an envelope with a changed letter, a shorter tag or a part missing", () => {
    const envelope = sealSecret(place, "hush");
    const [v, id, iv = "", sealed = "", tag = ""] = envelope.split(".");
    const flip = (text: string): string => (text.startsWith("A") ? "B" : "A") + text.slice(1);
    for (const changed of [
      [v, id, flip(iv), sealed, tag],
      [v, id, iv, flip(sealed), tag],
      [v, id, iv, sealed, flip(tag)],
      [v, id, iv, sealed, tag.slice(0, 8)],
    ])
      expect(() => openSecret(place, changed.join("."))).toThrow("does not open");
    expect(() => openSecret(place, [v, id, iv, sealed].join("."))).toThrow("not an envelope");
    expect(() => openSecret(place, ["v2", id, iv, sealed, tag].join("."))).toThrow("not an envelope");
  });

  test("seals with the first master key and opens with any, so that keys can rotate", () => {
    const old = parseMasterKeys(`a:${base64(1)}`);
    const both = parseMasterKeys(`b:${base64(2)},a:${base64(1)}`);
    const envelope = sealSecret(place, "hush", old);
    expect(openSecret(place, envelope, both)).toBe("hush");
    expect(sealingKeyId(sealSecret(place, "hush", both))).toBe("b");
    expect(() => openSecret(place, envelope, parseMasterKeys(`b:${base64(2)}`))).toThrow(
      "another master key",
    );
  });

  test("takes a bare key as k1 and says what is wrong with a bad one without quoting it", () => {
    expect(parseMasterKeys(base64(3))[0].id).toBe("k1");
    expect(() => parseMasterKeys("short")).toThrow("32 bytes in base64");
    expect(() => parseMasterKeys("")).toThrow("32 bytes in base64");
    expect(() => parseMasterKeys(`a:${base64(1)},a:${base64(2)}`)).toThrow("same key id twice");
    const tooLong = Buffer.alloc(40, 5).toString("base64");
    expect(() => parseMasterKeys(tooLong)).toThrow(/^(?!.*BQUFBQ).*32 bytes/);
  });
});
