/** What a caller's URL must never reach: a listener of ours counts the connections that come all the same. */
import dns from "node:dns/promises";
import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer, isIP, type Server } from "node:net";
import { adoptEnvironment } from "../../../../src/lib/env/env";
import { fetchPublic } from "../../../../src/lib/net/fetch.public";
import { postPublic } from "../../../../src/lib/net/post.public";

const listeners: Server[] = [];
let connections = 0;
let inside: number;
let outside: HttpServer;
let allowedHost: string;

beforeAll(async () => {
  inside = await listen("127.0.0.1", 0);
  await listen("::1", inside);
  outside = createHttpServer((request, response) => {
    const target = decodeURIComponent(request.url?.slice(1) ?? "");
    response.writeHead(302, { location: target }).end();
  });
  outside.listen(0, "127.0.0.1");
  await once(outside, "listening");
  allowedHost = `127.0.0.1:${portOf(outside)}`;
  adoptEnvironment({ LOCAL_ALLOWED_HOSTS: allowedHost });
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => {
  for (const listener of listeners) listener.close();
  outside.closeAllConnections();
  outside.close();
});

async function listen(host: string, port: number): Promise<number> {
  const listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  listener.listen(port, host);
  listeners.push(listener);
  // A machine without IPv6 has no ::1 to be reached at.
  await Promise.race([once(listener, "listening"), once(listener, "error")]);
  return portOf(listener);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

const soon = () => AbortSignal.timeout(300);
const refused = expect.objectContaining({ code: "url-not-allowed" });

const addresses = () => [
  `http://127.0.0.1:${inside}/`,
  `https://127.0.0.1:${inside}/`,
  `https://127.1:${inside}/`,
  `https://2130706433:${inside}/`,
  `https://0x7f000001:${inside}/`,
  `https://0177.0.0.1:${inside}/`,
  `https://0.0.0.0:${inside}/`,
  `https://[::1]:${inside}/`,
  `https://[::]:${inside}/`,
  `https://[::ffff:127.0.0.1]:${inside}/`,
  `https://[64:ff9b::7f00:1]:${inside}/`,
  `https://localhost:${inside}/`,
  `https://localhost.:${inside}/`,
  `https://user:secret@127.0.0.1:${inside}/`,
  "http://169.254.169.254/latest/meta-data/",
  "http://[::ffff:10.0.0.1]/",
  "file:///etc/passwd",
  "gopher://127.0.0.1:6379/_INFO",
  "ftp://127.0.0.1/",
];

test("no spelling of an inner address is connected to, to fetch or to hand over", async () => {
  for (const address of addresses()) {
    expect([address, await fault(fetchPublic(address, soon()))]).toEqual([address, refused]);
    expect([address, await fault(postPublic(address, Buffer.from("{}"), {}))]).toEqual([address, refused]);
  }
  expect(connections).toBe(0);
});

test("nor is one that an allowed address redirects to", async () => {
  for (const address of addresses()) {
    const moved = `http://${allowedHost}/${encodeURIComponent(address)}`;
    expect([address, await fault(fetchPublic(moved, soon()))]).toEqual([address, refused]);
  }
  expect(connections).toBe(0);
});

test("a name is asked once: one that turns to an inner address after the check is not followed there", async () => {
  const look = resolver([["198.41.0.4"], ["127.0.0.1"], ["127.0.0.1"]]);
  // It goes to the address that was checked, which does not answer here.
  const failed = await fault(fetchPublic(`https://rebind.example:${inside}/`, soon()));
  expect([failed, look.mock.calls.length]).toEqual([
    expect.objectContaining({ name: "PublicFetchError" }),
    1,
  ]);
  // Asked again it is an inner address, and refused.
  expect(await fault(fetchPublic(`https://rebind.example:${inside}/`, soon()))).toEqual(refused);
  expect(connections).toBe(0);
});

test("a name with one inner address among public ones is refused", async () => {
  resolver([["198.41.0.4", "::1"]]);
  expect(await fault(fetchPublic(`https://both.example:${inside}/`, soon()))).toEqual(refused);
  expect(connections).toBe(0);
});

/** The resolver's answers, one after the other: what an attacker's name server decides. */
function resolver(answers: string[][]) {
  const look: jest.SpyInstance = jest.spyOn(dns, "lookup");
  return look.mockImplementation(async () =>
    (answers.shift() ?? []).map((address) => ({ address, family: isIP(address) })),
  );
}

async function fault(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error;
  }
}
