import { readFileSync } from "node:fs";
import { envExample, readmeWithTable } from "../../../dev/docs/settings";

test(".env.example and the README's table say what the settings' schema says", () => {
  const readme = readFileSync("README.md", "utf8");
  expect(readFileSync(".env.example", "utf8")).toBe(envExample());
  expect(readme).toBe(readmeWithTable(readme));
});

test("a README without the table's marks is refused", () => {
  expect(() => readmeWithTable("# ECOD")).toThrow("lacks the marks");
});
