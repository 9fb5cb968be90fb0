import { parsePhone, parseWaId, requirePhone } from "../../../../src/lib/phone/phone";

test.each([
  ["+55 11 98765-4321", "GB", "+5511987654321", "BR"],
  ["(11) 98765-4321", "BR", "+5511987654321", "BR"],
  ["+55 11 8765-4321", "GB", "+5511987654321", "BR"],
  ["+55 11 3765-4321", "GB", "+551137654321", "BR"],
  ["+52 1 55 1234 5678", "GB", "+525512345678", "MX"],
  ["+52 55 1234 5678", "GB", "+525512345678", "MX"],
  ["011 15 2345 6789", "AR", "+5491123456789", "AR"],
  ["0049 170 1234567", "DE", "+491701234567", "DE"],
  ["+1 (555) 012-3456", "GB", "+15550123456", null],
  ["‪+44 7700 900123‬", "BR", "+447700900123", null],
])("%s in %s is %s", async (raw, country, e164, of) => {
  expect(await parsePhone(raw, country)).toMatchObject({ e164, country: of });
});

test.each([
  ["letters", "+1 800 FLOWERS"],
  ["words around a number", "call +5511987654321 please"],
  ["an emoji", "+55 11 98765😀4321"],
  ["50 digits", `+55${"1".repeat(50)}`],
  ["too few digits", "+55 11 1234"],
  ["an unknown calling code", "+999 123456789"],
  ["an extension", "+44 7700 900123 ext 5"],
  ["nothing", "   "],
])("%s is no phone number", async (_what, raw) => {
  expect(await parsePhone(raw, "BR")).toBeNull();
});

test.each([
  ["Brazil's ninth digit", "551187654321", "5511987654321"],
  ["Mexico's 1", "5215512345678", "525512345678"],
  ["Argentina's 9", "541123456789", "5491123456789"],
])("two WhatsApp spellings that differ by %s are one person", async (_what, one, other) => {
  const [a, b] = [await parseWaId(one), await parseWaId(other)];
  expect(a?.canonical).toBe(b?.canonical);
  expect(a?.candidates).toEqual(expect.arrayContaining([`+${one}`, `+${other}`]));
});

test("a local number without a known country is no phone number", async () => {
  expect(await parsePhone("98765-4321", "XX")).toBeNull();
  expect(await parseWaId("not-digits")).toBeNull();
});

test("a caller's wrong phone is refused with its place and without its value", async () => {
  await expect(requirePhone("nonsense", "BR", "/phone")).rejects.toMatchObject({
    code: "invalid-phone",
    options: { errors: [{ pointer: "/phone" }] },
    message: expect.not.stringContaining("nonsense"),
  });
});
