import { KeyRate } from "../../../src/lib/auth/key.rate";
import { adoptEnvironment } from "../../../src/lib/env/env";
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { toyRoutes } from "./toy.routes";

adoptEnvironment({ API_RATE_PER_SECOND: "20" });
afterAll(closeAllConnections);

test("a key above its rate is told to wait, with Retry-After, while another key goes on", async () => {
  const transport = lambdaTransport(toyRoutes().routes);
  const [noisy, quiet] = await Promise.all([createTenant("noisy"), createTenant("quiet")]);
  const loud = new ApiClient(transport, keysOf(noisy));
  const calm = new ApiClient(transport, keysOf(quiet));
  const answers = await Promise.all(Array.from({ length: 120 }, () => loud.get("/api/crm/toys/5")));
  const refused = answers.filter(({ status }) => status === 429);
  const served = answers.filter(({ status }) => status === 200);
  expect(served.length + refused.length).toBe(120);
  // A burst of 40 and what flows in meanwhile, never the whole flood.
  expect(served.length).toBeGreaterThanOrEqual(40);
  expect(refused.length).toBeGreaterThan(20);
  expect(refused[0]?.problem()).toMatchObject({ status: 429, code: "rate-limited" });
  expect(refused[0]?.headers).toMatchObject({
    "retry-after": "1",
    "ratelimit-policy": '"key";q=40;w=2',
    ratelimit: '"key";r=0;t=1',
  });
  const answer = await calm.get("/api/crm/toys/5");
  expect(answer.status).toBe(200);
  expect(answer.headers["ratelimit-policy"]).toBe('"key";q=40;w=2');
});

test("containers share one bucket: together they get the burst and hardly more", async () => {
  const limit = { ratePerSecond: 10, burst: 30 };
  const containers = Array.from({ length: 6 }, () => new KeyRate("shared", limit));
  const began = performance.now();
  const decisions = await Promise.all(
    containers.flatMap((rate) => Array.from({ length: 20 }, () => rate.take())),
  );
  const seconds = (performance.now() - began) / 1_000;
  const allowed = decisions.filter((decision) => decision.allowed).length;
  expect(allowed).toBeGreaterThanOrEqual(25);
  expect(allowed).toBeLessThanOrEqual(Math.ceil(30 + seconds * 10));
});
