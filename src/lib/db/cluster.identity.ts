import { createHash } from "node:crypto";

const uriPattern = /^(mongodb(?:\+srv)?):\/\/(?:([^@/]*)@)?([^/?@]+)(?:\/([^?]*))?(?:\?(.*))?$/;

/** Thrown for a text that is no MongoDB connection string. Never quotes it: it holds a password. */
export class ConnectionStringError extends Error {
  override readonly name = "ConnectionStringError";
}

/**
 * What a MongoClient can be shared by: hosts, credentials, TLS and every other option, whatever the order they are
 * written in, but not the database, which each tenant names for itself. Hashed, so that it can be a map key and be
 * logged. The database in the path counts only where it says against which database the user is checked.
 * @throws ConnectionStringError
 */
export function clusterIdentity(uri: string): string {
  const match = uriPattern.exec(uri);
  const hosts = match?.[3];
  if (!match || !hosts)
    throw new ConnectionStringError(
      "The connection string is not usable: it must look like mongodb://user:password@host:27017/?replicaSet=rs0",
    );
  const [, scheme, credentials = "", , path = "", query = ""] = match;
  const options = new URLSearchParams(query);
  if (credentials && path && !options.has("authSource")) options.set("authSource", path);
  options.sort();
  const parts = [scheme, credentials, sortedHosts(hosts), options.toString()];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * Which servers a connection string names, whoever logs in and with which options: two tenants must not share a
 * database there. Hashed like the identity. @throws ConnectionStringError
 */
export function clusterPlace(uri: string): string {
  const hosts = uriPattern.exec(uri)?.[3];
  if (!hosts) return clusterIdentity(uri);
  return createHash("sha256").update(sortedHosts(hosts)).digest("hex").slice(0, 32);
}

function sortedHosts(hosts: string): string {
  return hosts
    .toLowerCase()
    .split(",")
    .map((host) => (/:\d+$/.test(host) ? host : `${host}:27017`))
    .sort()
    .join(",");
}
