import { dependencies } from "../../../package.json";

/** The loader of the command line: importing it would install it in this process. */
const loaders = new Set(["tsx"]);

describe("every runtime dependency loads in a test, in CommonJS or as a transformed ES module", () => {
  test.each(Object.keys(dependencies).filter((name) => !loaders.has(name)))("%s", async (name) => {
    const loaded: object = await import(name);
    expect(Object.keys(loaded).length).toBeGreaterThan(0);
  });
});
