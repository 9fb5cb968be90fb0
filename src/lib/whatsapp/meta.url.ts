import { env, isLocalStage } from "../env/env";
import { AppError } from "../errors/app.error";

/** Hosts that Meta serves WhatsApp media from. A token must never go anywhere else. */
const metaHosts = ["facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net", "whatsapp.com"];

/**
 * Lets an address through that Meta gave us, if it is Meta's: https and a host of its own. In stage local also the
 * stack's own Graph address and LOCAL_ALLOWED_HOSTS.
 * @throws AppError url-not-allowed
 */
export function requireMetaUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url && isWeb && !url.username && !url.password && (isMetas(url) || isOfTheLocalStack(url))) return url;
  throw new AppError(
    "url-not-allowed",
    "This media address is not one of Meta's hosts, so it is not fetched: the access token must not go there.",
  );
}

function isMetas(url: URL): boolean {
  if (url.origin === new URL(env().GRAPH_BASE_URL).origin) return true;
  const isHost = metaHosts.some((host) => url.hostname === host || url.hostname.endsWith(`.${host}`));
  return url.protocol === "https:" && url.port === "" && isHost;
}

function isOfTheLocalStack(url: URL): boolean {
  if (!isLocalStage()) return false;
  const allowed = env()
    .LOCAL_ALLOWED_HOSTS.split(",")
    .map((host) => host.trim());
  return url.host !== "" && allowed.includes(url.host);
}
