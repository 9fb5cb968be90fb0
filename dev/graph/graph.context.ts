/** What every part of the running server is given. */
import type { GraphLogEntry } from "./graph.options";
import type { MediaStore } from "./media/media.store";
import type { SendLimits } from "./messages/limits";
import type { FaultTable } from "./sim/fault.table";
import type { RequestLog } from "./sim/request.log";
import type { SimClock, Timers } from "./state/sim.clock";
import type { World } from "./state/world";
import type { StatusCourier } from "./webhooks/status.courier";
import type { WebhookSender } from "./webhooks/webhook.sender";

export interface Graph {
  readonly world: World;
  readonly clock: SimClock;
  readonly timers: Timers;
  readonly media: MediaStore;
  readonly limits: SendLimits;
  readonly webhooks: WebhookSender;
  readonly statuses: StatusCourier;
  readonly faults: FaultTable;
  readonly requests: RequestLog;
  /** Says that the world changed, for the state that outlives a restart. */
  readonly changed: () => void;
  /** Our own address, for the links we hand out. */
  readonly address: () => string;
  readonly log: (entry: GraphLogEntry) => void;
}
