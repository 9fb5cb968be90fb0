import type { Area } from "./area";

/** The areas in the order they run. Loaded only when they run, each in its own process. ADD AN AREA HERE. */
export const areas = {
  bundle: async (): Promise<Area> => (await import("./bundle.bench")).area,
  tenant: async (): Promise<Area> => (await import("./tenant.bench")).area,
};

export type AreaName = keyof typeof areas;

export function isAreaName(name: string): name is AreaName {
  return Object.hasOwn(areas, name);
}

export const areaNames: readonly AreaName[] = Object.keys(areas).filter(isAreaName);
