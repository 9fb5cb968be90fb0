import type { Area } from "./area";

/**
 * As deployed: in stage local every request would also read the stack's clock, which is there for developers only. One
 * key makes all requests here, more than a key may.
 */
const asDeployed = { ECOD_STAGE: "bench", API_RATE_PER_SECOND: "0" };

/** The areas in the order they run. ADD AN AREA HERE. */
export const areas = {
  bundle: {
    about: "size and import time of every function's bundle, beside mongoose, zod and middy alone",
    load: () => import("./bundle.bench"),
  },
  tenant: {
    about: "queries and time of a warm tenant look-up; sockets for 1,000 tenants of a cluster",
    settings: { TENANT_CACHE_SIZE: "1000" },
    watchesCommands: true,
    load: () => import("./tenant.bench"),
  },
  request: {
    about:
      "reading and creating a lead, one request at a time, against the same operations by the bare driver",
    settings: asDeployed,
    watchesCommands: true,
    load: () => import("./request.bench"),
  },
  whatsapp: {
    about:
      "webhooks taken in beside the same inserts by the bare driver; messages stored and sent per second",
    settings: asDeployed,
    load: () => import("./whatsapp.bench"),
  },
  crm: {
    about:
      "leads by the thousand: import, list, search, board, metrics and moves beside the same queries by the bare driver",
    settings: asDeployed,
    load: () => import("./crm.bench"),
  },
  automation: {
    about:
      "events to decisions with 10, 100 and 1,000 rules; enrolments and steps through the queue; immediate actions",
    settings: asDeployed,
    load: () => import("./automation.bench"),
  },
  queue: {
    about: "drain rate, round trips, fairness, pick-up and plans of the job queue beside a bare claim loop",
    settings: { TENANT_CACHE_SIZE: "1000" },
    watchesCommands: true,
    load: () => import("./queue.bench"),
  },
  media: {
    about: "a voice note of 60 s through the sandbox, against bare ffmpeg with the same binary and arguments",
    load: () => import("./media.bench"),
  },
} satisfies Record<string, Area>;

export type AreaName = keyof typeof areas;

export function isAreaName(name: string): name is AreaName {
  return Object.hasOwn(areas, name);
}

export function areaOf(name: AreaName): Area {
  return areas[name];
}

export const areaNames: readonly AreaName[] = Object.keys(areas).filter(isAreaName);
