import type { Report } from "./figure";

export interface AreaOptions {
  /** The sizes of the design's table, where a tenth of them tells nearly as much in a tenth of the time. */
  readonly full: boolean;
}

/** One area of the benchmark: it runs in a process of its own, against databases of its own. */
export interface Area {
  /** One line for `--help`. */
  readonly about: string;
  /** Settings of its process beside the ones every area gets. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lets the area count and time the commands that the code sends to MongoDB. Costs some µs a command. */
  readonly watchesCommands?: boolean;
  /** Loaded in its own process only: what it measures reads the environment. */
  load(): Promise<{ run: (options: AreaOptions) => Promise<Report> }>;
}
