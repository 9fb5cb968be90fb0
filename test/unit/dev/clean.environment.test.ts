import { readFile } from "node:fs/promises";

describe("the surroundings of a test", () => {
  test("errors of Node itself are recognised as errors, as they are outside tests", async () => {
    const missing: unknown = await readFile("/not/there").catch((error: unknown) => error);
    expect(missing instanceof Error).toBe(true);
    const aborted: unknown = await fetch("http://127.0.0.1:2", { signal: AbortSignal.abort() }).catch(
      (error: unknown) => error,
    );
    expect(aborted instanceof Error).toBe(true);
  });

  test("a class of errors still recognises only its own", async () => {
    class OwnError extends Error {}
    const missing: unknown = await readFile("/not/there").catch((error: unknown) => error);
    expect(missing instanceof OwnError).toBe(false);
    expect(missing instanceof TypeError).toBe(false);
    expect(new OwnError("own") instanceof OwnError).toBe(true);
    expect(new TypeError("own") instanceof Error).toBe(true);
    expect({ message: "no error" } instanceof Error).toBe(false);
  });
});
