import * as z from "zod";
import { callGraph } from "../../../src/lib/whatsapp/graph.request";
import { concludeSend } from "../../../src/lib/whatsapp/send.outcome";

const fault = (code: number, status = 400, retryAfterMs: number | null = null) =>
  concludeSend({
    kind: "fault",
    status,
    fault: { code, subcode: null, detail: "Because.", traceId: null },
    retryAfterMs,
  });

test.each([4, 80_007, 130_429, 131_056, 131_057])(
  "code %i is a limit that passes, whatever the status",
  (code) => {
    for (const status of [200, 400, 429, 500]) expect(fault(code, status).kind).toBe("rate_limited");
    expect(fault(code, 400, 7_000)).toMatchObject({ delayMs: 7_000 });
  },
);

test.each([0, 190, 3, 10, 200, 230, 299, 131_005])("code %i is a problem of the account", (code) => {
  for (const status of [400, 401, 500]) expect(fault(code, status).kind).toBe("account_problem");
});

test.each([100, 131_026, 131_047, 132_001, 199, 300])("code %i with a 4xx is final", (code) => {
  expect(fault(code)).toMatchObject({ kind: "refused", error: { code, explanation: expect.any(String) } });
});

test("a 5xx or 429 with Meta's envelope was not accepted; a bare 5xx says nothing", () => {
  expect(fault(131_000, 500).kind).toBe("not_accepted");
  expect(fault(999, 429, 1_000)).toMatchObject({ kind: "not_accepted", delayMs: 1_000 });
  expect(concludeSend({ kind: "rejected", status: 429, retryAfterMs: 2_000 })).toMatchObject({
    kind: "not_accepted",
    delayMs: 2_000,
  });
  expect(concludeSend({ kind: "unclear", reason: "http-502" }).kind).toBe("unclear");
});

test("a refused connection proves that nothing was sent", async () => {
  // nobody listens at the test environment's Graph address
  const answer = await callGraph({
    method: "POST",
    path: "/1/messages",
    token: "t",
    json: {},
    answer: z.unknown(),
    freshConnection: true,
  });
  expect(answer).toEqual({ kind: "not_reached", reason: "ECONNREFUSED" });
});
