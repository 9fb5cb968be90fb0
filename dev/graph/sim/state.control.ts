/** What the simulator knows, for tests and people to look at; tokens and secrets stay out. */
import type { Graph } from "../graph.context";

/** `GET /_sim/state` */
export function showState(graph: Graph): unknown {
  const { world } = graph;
  return {
    now: graph.clock.now().toISOString(),
    webhookUrl: world.app.webhookUrl,
    settings: world.settings,
    numbers: [...world.numbers.values()].map(({ id, wabaId, display, verifiedName, registered }) => ({
      phoneNumberId: id,
      wabaId,
      displayPhoneNumber: display,
      verifiedName,
      registered,
    })),
    wabas: [...world.wabas.values()].map(({ id, subscribed, callback }) => ({
      wabaId: id,
      subscribed,
      callbackUrl: callback?.url,
    })),
    templates: [...world.templates.values()].map(
      ({ id, wabaId, name, language, status, quality, category }) => ({
        id,
        wabaId,
        name,
        language,
        status,
        quality,
        category,
      }),
    ),
    messages: [...world.messages.values()].map(({ acceptedAtMs, ...message }) => ({
      ...message,
      acceptedAt: new Date(acceptedAtMs).toISOString(),
    })),
    inbound: [...world.inbound.values()].map(({ wamid, phoneNumberId, atMs, readAtMs }) => ({
      wamid,
      phoneNumberId,
      at: new Date(atMs).toISOString(),
      readAt: readAtMs === undefined ? undefined : new Date(readAtMs).toISOString(),
    })),
    people: world.people.all().map((person) => ({
      waId: person.waId,
      userIds: Object.fromEntries(person.userIds),
      onWhatsApp: person.onWhatsApp,
      marketingStopped: [...person.marketingStopped],
      lastInboundAt: Object.fromEntries(
        [...person.lastInboundMs].map(([id, atMs]) => [id, new Date(atMs).toISOString()]),
      ),
    })),
    media: [...world.media.values()].map(({ kind: _kind, ...media }) => media),
    faults: graph.faults.list(),
  };
}

/** `POST /_sim/reset`: as at the start, with nothing pending; the webhook address stays. */
export async function reset(graph: Graph): Promise<unknown> {
  graph.timers.cancelAll();
  for (const id of graph.world.media.keys()) await graph.media.remove(id);
  graph.world.reset();
  graph.statuses.reset();
  graph.limits.clear();
  graph.faults.clear();
  graph.requests.clear();
  graph.webhooks.clear();
  graph.clock.offsetMs = 0;
  return { reset: true };
}
