/** `npm run server` as a process: its stages, its refusals and its end. */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { problemSchema } from "../../../src/contracts/problem.contract";
import { refusedServer, type ServerProcess, startServer } from "./server.process";

const clockSchema = z.object({ now: z.string() });
let local: ServerProcess;
let staging: ServerProcess;

beforeAll(async () => {
  [local, staging] = await Promise.all([
    startServer({ ECOD_STAGE: "local" }),
    startServer({ ECOD_STAGE: "staging", HOST: "127.0.0.1" }),
  ]);
}, 60_000);
afterAll(() => Promise.all([local.stop(), staging.stop()]));

/** The status of an answer whose body is read to its end, so that its connection is free again. */
async function statusOf(asked: Promise<Response>): Promise<number> {
  const answer = await asked;
  await answer.arrayBuffer();
  return answer.status;
}
const status = (url: string, method = "GET"): Promise<number> => statusOf(fetch(url, { method }));

test("stage local has the controls of clock and queue, another stage has none of them", async () => {
  expect(await status(`${local.url}/local/clock`)).toBe(200);
  for (const [method, path] of [
    ["GET", "/local/clock"],
    ["POST", "/local/clock"],
    ["POST", "/local/drain"],
  ] as const)
    expect(await status(staging.url + path, method)).toBe(404);
  expect(await status(`${staging.url}/api/health`)).toBe(200);
});

test("the clock of stage local goes forward only", async () => {
  const read = async (): Promise<number> => {
    const answer = await fetch(`${local.url}/local/clock`);
    return Date.parse(clockSchema.parse(await answer.json()).now);
  };
  const move = (body: object): Promise<number> =>
    statusOf(
      fetch(`${local.url}/local/clock`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
  const before = await read();
  expect(await move({ advance: "PT24H" })).toBe(200);
  const after = await read();
  expect(after - before).toBeGreaterThanOrEqual(24 * 3_600_000);
  const set = new Date(after + 3_600_000).toISOString();
  expect(await move({ set })).toBe(200);
  expect(await read()).toBeGreaterThanOrEqual(Date.parse(set));
  for (const wrong of [
    { advance: "-PT1H" },
    { set: new Date(before).toISOString() },
    {},
    { advance: "1 day" },
  ])
    expect([wrong, await move(wrong)]).toEqual([wrong, 400]);
});

/** What the server answers to these bytes until it closes the connection. */
async function rawAnswer(bytes: string): Promise<{ head: string; body: string }> {
  const socket = connect(Number(new URL(local.url).port), "127.0.0.1");
  socket.end(bytes, "latin1");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return { head, body };
}

test.each([
  ["a control character in a header", "GET /api/health HTTP/1.1\r\nhost: x\r\nx-note: a\x15b\r\n\r\n", 400],
  ["no HTTP at all", "hello\r\n\r\n", 400],
  [
    "a body in broken pieces",
    "POST /api/health HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    400,
  ],
  [
    "headers beyond the limit",
    `GET /api/health HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
    431,
  ],
])("%s is answered by a problem, not by silence", async (_name, bytes, expected) => {
  const { head, body } = await rawAnswer(bytes);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
  expect(head).toContain("content-type: application/problem+json");
  const problem = problemSchema.parse(JSON.parse(body));
  expect(problem.status).toBe(expected);
  expect(head).toContain(`x-request-id: ${problem.requestId}`);
});

test("draining an empty queue is done at once", async () => {
  const answer = await fetch(`${local.url}/local/drain`, { method: "POST" });
  expect(await answer.json()).toEqual({ ran: expect.any(Number), done: true });
});

test("the documentation needs nothing from elsewhere", async () => {
  const page = await (await fetch(`${local.url}/api/docs`)).text();
  const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? "");
  expect(parts.length).toBeGreaterThan(4);
  for (const url of parts.filter((part) => part !== "data:,")) {
    expect(url).toMatch(/^\/api\//);
    expect([url, await status(local.url + url)]).toEqual([url, 200]);
  }
});

test("what cannot be used is refused in one sentence, with a code that is not 0", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = typeof address === "object" && address ? String(address.port) : "";
  try {
    const cases: { environment: Record<string, string>; says: RegExp }[] = [
      { environment: { ECOD_STAGE: "" }, says: /ECOD_STAGE must be/ },
      { environment: { ECOD_STAGE: "local", MONGODB_URI: "nonsense" }, says: /MONGODB_URI must start with/ },
      { environment: { ECOD_STAGE: "local", HOST: "0.0.0.0" }, says: /HOST must be 127\.0\.0\.1/ },
      { environment: { ECOD_STAGE: "local", AWS_LAMBDA_FUNCTION_NAME: "f" }, says: /this is AWS Lambda/ },
      { environment: { ECOD_STAGE: "local", PORT: port }, says: new RegExp(`Port ${port} is taken`) },
    ];
    const outcomes = await Promise.all(cases.map(({ environment }) => refusedServer(environment)));
    for (const [i, { code, said }] of outcomes.entries()) {
      expect(said).toMatch(cases[i]?.says ?? /^$/);
      expect(said).not.toMatch(/^\s+at /m);
      expect(code).not.toBe(0);
    }
  } finally {
    taken.close();
    await once(taken, "close");
  }
}, 60_000);

test("SIGTERM lets a request that is being answered end, then the process ends with 0", async () => {
  const server = await startServer({ ECOD_STAGE: "local" });
  const answered = status(`${server.url}/api/openapi.json`);
  await sleep(30);
  server.terminate();
  expect(await answered).toBe(200);
  expect(await server.ended).toBe(0);
  await expect(fetch(`${server.url}/api/health`)).rejects.toThrow("fetch failed");
}, 30_000);
