import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sampleBytes, whatsappSamples } from "../../fixtures/whatsapp/samples";
import { appSecret, type Harness, signatureOf, startHarness } from "./graph.harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

test("every payload file is listed once, and every listed one is there", () => {
  const files = readdirSync(join(__dirname, "../../fixtures/whatsapp")).filter((file) =>
    file.endsWith(".json"),
  );
  expect(whatsappSamples.map(({ name }) => `${name}.json`).sort()).toEqual(files.sort());
});

test.each(whatsappSamples)("$name goes out byte for byte under a right signature", async ({ name, docs }) => {
  expect(docs).toMatch(/^https:\/\/developers\.facebook\.com\/documentation\/business-messaging\/whatsapp\//);
  const bytes = sampleBytes(name);
  const delivered = await harness.sim("/deliver", { bodyBase64: bytes.toString("base64") });
  expect(delivered.json).toMatchObject({ status: 200, bytes: bytes.length });
  const webhook = harness.received.at(-1);
  expect(webhook?.bytes.equals(bytes)).toBe(true);
  expect(webhook?.headers["x-hub-signature-256"]).toBe(signatureOf(appSecret, bytes));
});
