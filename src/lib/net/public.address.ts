/**
 * Which addresses a caller's URL may lead to. Whoever names a URL must not reach our own network through us.
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { env, isLocalStage } from "../env/env";
import { AppError } from "../errors/app.error";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Everything that is not the public internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 twin. */
const notPublic = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv4");
}
/** Global unicast is 2000::/3; of it, what tunnels IPv4 or is for examples is out as well. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");
for (const [network, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  notPublic.addSubnet(network, prefix, "ipv6");
}

/** Whether an IP address is one of the public internet; mapped and tunnelled IPv4 is not. */
function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  if (family !== 6) return false;
  return globalUnicast.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/**
 * Lets an address through that anybody could fetch: https, no credentials, and a name all of whose addresses are
 * public. The caller connects to one of the addresses that were checked, never to the name, which may change its mind.
 * In stage local also the stack's own Graph address and LOCAL_ALLOWED_HOSTS, over http.
 * @throws AppError url-not-allowed
 */
export async function requirePublicUrl(
  text: string,
): Promise<{ readonly url: URL; readonly addresses: readonly ResolvedAddress[] }> {
  if (!URL.canParse(text)) throw notAllowed("It is not an address.");
  const url = new URL(text);
  if (url.username || url.password) throw notAllowed("It holds a user name or a password.");
  const ofTheStack = isOfTheLocalStack(url);
  if (url.protocol !== "https:" && !ofTheStack) throw notAllowed("It does not begin with https.");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await resolve(host);
  if (!ofTheStack && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw notAllowed("It does not lead to the public internet.");
  }
  return { url, addresses };
}

async function resolve(host: string): Promise<readonly ResolvedAddress[]> {
  const family = isIP(host);
  if (family === 4 || family === 6) return [{ address: host, family }];
  const found = await lookup(host, { all: true }).catch(() => []);
  if (found.length === 0) throw notAllowed("Its host is not known.");
  return found.map(({ address, family: version }) => ({ address, family: version === 6 ? 6 : 4 }));
}

function isOfTheLocalStack(url: URL): boolean {
  if (!isLocalStage()) return false;
  const { GRAPH_BASE_URL, LOCAL_ALLOWED_HOSTS } = env();
  const allowed = LOCAL_ALLOWED_HOSTS.split(",").map((host) => host.trim());
  return url.host !== "" && [new URL(GRAPH_BASE_URL).host, ...allowed].includes(url.host);
}

function notAllowed(why: string): AppError {
  return new AppError("url-not-allowed", `This address is not fetched. ${why} Give a public https address.`);
}
