import { jsonTraps } from "../../../src/lib/http/strict.json";

const placesOf = (text: string): string[] => {
  JSON.parse(text);
  return jsonTraps(text).map(({ pointer, code }) => `${pointer} ${code}`);
};

test("plain JSON has no traps, whatever its strings look like", () => {
  expect(
    placesOf('{"a":[1,{"b":"{\\"a\\":1,\\"a\\":2}"},null],"c":{"a":1,"b":2},"d":"x,\\u00e9\\ud83d\\ude00"}'),
  ).toEqual([]);
  expect(placesOf("[]")).toEqual([]);
  expect(placesOf('"a"')).toEqual([]);
});

test("a field given twice is named, also when it is written in two ways", () => {
  expect(placesOf('{"a":1,"b":{"c":1,"\\u0063":2},"a":3}')).toEqual([
    "/b/c duplicate-field",
    "/a duplicate-field",
  ]);
  expect(placesOf('[{"a":1},{"a":1,"x":[1,2],"a":2}]')).toEqual(["/1/a duplicate-field"]);
});

test("names that reach a prototype are unknown fields at any depth; a dollar sign is the schemas' to judge", () => {
  expect(placesOf('{"a":{"__proto__":{"b":1}},"list":[0,{"$where":"1"}],"constructor":1}')).toEqual([
    "/a/__proto__ unknown-field",
    "/constructor unknown-field",
  ]);
});

test("half a surrogate pair is refused in texts and in names", () => {
  expect(placesOf('{"a":["ok","\\ud83d"],"b":"\\ude00x"}')).toEqual([
    "/a/1 invalid-format",
    "/b invalid-format",
  ]);
  expect(placesOf('{"\\ud83d":1}')).toEqual(["/ unknown-field"]);
});
