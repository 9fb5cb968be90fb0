/**
 * The only reader of `process.env`. Everything else takes the parsed, typed settings from here,
 * so that a bad or missing setting is one readable sentence at start and never a surprise later.
 *
 * ADD A SETTING HERE: the schema drives validation, `.env.example` and the README's table.
 */
import * as z from "zod";

const flag = z.enum(["true", "false", "1", "0"]).transform((value) => value === "true" || value === "1");

const port = z.coerce.number().int().min(0).max(65_535);

/** One key or several, each with or without an id. The keys themselves are parsed where they are used. */
const masterKeysPattern =
  /^\s*(?:[A-Za-z0-9-]{1,32}:)?[A-Za-z0-9+/]{43}=?(?:\s*,\s*(?:[A-Za-z0-9-]{1,32}:)?[A-Za-z0-9+/]{43}=?)*\s*$/;

/** Where the code runs. `local` is a developer's machine; it alone has the movable clock and the drain endpoint. */
export const stageSchema = z
  .string({ error: "is not set. It has no default: say which stage this is, e.g. ECOD_STAGE=local or prod" })
  .regex(/^[a-z][a-z0-9-]{0,19}$/, "must be lower case letters, digits or dashes, e.g. local, staging, prod");

export const environmentSchema = z.object({
  ECOD_STAGE: stageSchema.describe(
    "Stage name. `local` only on a developer's machine (set by dev, demo, test and bench); anything else elsewhere. No default.",
  ),
  MONGODB_URI: z
    .string({
      error:
        "is not set. Give the connection string of the central cluster, e.g. mongodb://host:27017/?replicaSet=rs0",
    })
    .regex(/^mongodb(\+srv)?:\/\//, "must start with mongodb:// or mongodb+srv://")
    .describe("Connection string of the cluster that holds the central database `services`."),
  ECOD_CENTRAL_DB: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,38}$/)
    .default("services")
    .describe(
      "Name of the central database. Change it only to run several installations on one cluster (tests do).",
    ),
  MONGODB_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe("Most sockets to one cluster, besides one that watches it. More for long-lived hosts."),
  TENANT_CACHE_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("How many tenants' databases a process keeps open; the least recently used one goes first."),
  API_RATE_PER_SECOND: z.coerce
    .number()
    .int()
    .min(0)
    .max(100_000)
    .default(100)
    .describe(
      "Requests a second that one API key may make, over all containers; twice as many in a burst. Above it: 429. 0: no limit.",
    ),
  ECOD_MASTER_KEY: z
    .string({ error: "is not set. Generate one with: openssl rand -base64 32" })
    .regex(
      masterKeysPattern,
      "must be 32 bytes in base64, as `openssl rand -base64 32` makes them, or `id:base64` pairs separated by commas",
    )
    .describe(
      "Master key(s) that seal tenant URIs, tokens and app secrets: `id:base64of32bytes`, several separated by commas, the first one seals. A bare base64 value has the id `k1`.",
    ),
  WHATSAPP_APP_SECRET: z
    .string()
    .default("")
    .describe(
      "Meta app secret(s) that sign webhooks, current first, previous after a comma. Empty: every webhook is refused.",
    ),
  WHATSAPP_VERIFY_TOKEN: z
    .string()
    .default("")
    .describe("Token for Meta's GET verification of the webhook URL. Empty: every verification is refused."),
  GRAPH_BASE_URL: z
    .url()
    .default("https://graph.facebook.com")
    .describe("Base address of Meta's Graph API. The local stack points it at its fake Graph server."),
  GRAPH_API_VERSION: z
    .string()
    .regex(/^v\d+\.\d+$/)
    .default("v24.0")
    .describe("Graph API version in every call's path."),
  GRAPH_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(60_000)
    .default(15_000)
    .describe("Time limit of one Graph call, in ms."),
  LAMBDA_ENDPOINT: z
    .union([z.literal(""), z.url()])
    .default("")
    .describe(
      "Address of the Lambda invoke API, set by the local stack to the emulator's. Empty: AWS's own, on Lambda; no nudge elsewhere.",
    ),
  POLLER_FUNCTION_NAME: z
    .string()
    .default("")
    .describe(
      "Name of the poller function that enqueueing an immediate job nudges. Empty: no nudge, the schedule picks jobs up.",
    ),
  MEDIA_POLLER_FUNCTION_NAME: z.string().default("").describe("The same for the media poller."),
  POLLER_SHARDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      "How many pollers of a queue may run side by side; tenants are spread over them. Set the functions' reserved concurrency to the same.",
    ),
  EMF_METRICS: z
    .enum(["auto", "on", "off"])
    .default("auto")
    .describe(
      "Whether drains write their figures to stdout as CloudWatch EMF lines. `auto`: on Lambda. `on`: also a worker whose output a CloudWatch agent reads.",
    ),
  FFMPEG_PATH: z
    .string()
    .default("")
    .describe("ffmpeg binary. Empty: the layer's /opt/bin/ffmpeg if present, else the packaged fallback."),
  LOCAL_ALLOWED_HOSTS: z
    .string()
    .default("")
    .describe(
      "Stage local only: host:port pairs, comma separated, that the SSRF check lets through besides the stack's Graph address.",
    ),
  LOG_LEVEL: z
    .enum(["DEBUG", "INFO", "WARN", "ERROR"])
    .default("INFO")
    .describe("Lowest level that is logged."),
  PORT: port.default(3000).describe("Port of `npm run server`."),
  HOST: z
    .string()
    .default("")
    .describe("Address that `npm run server` binds to. Empty: 127.0.0.1 in stage local, else all addresses."),
  FAILPOINT: z
    .string()
    .default("")
    .describe(
      "Stage local only: name of a point at which the process kills itself, or `name:n` for its n-th time (fault tests).",
    ),
  AWS_LAMBDA_FUNCTION_NAME: z
    .string()
    .default("")
    .describe("Set by AWS. Stage local refuses to run when it is set without IS_OFFLINE."),
  AWS_REGION: z.string().default("").describe("Set by AWS; signs the nudge."),
  AWS_ACCESS_KEY_ID: z.string().default("").describe("Set by AWS; signs the nudge."),
  AWS_SECRET_ACCESS_KEY: z.string().default("").describe("Set by AWS; signs the nudge."),
  AWS_SESSION_TOKEN: z.string().default("").describe("Set by AWS; signs the nudge."),
  IS_OFFLINE: flag.default(false).describe("Set by serverless-offline."),
});

export type Environment = z.infer<typeof environmentSchema>;

/** Thrown when the environment does not parse: one line per setting, saying what to set. Holds names, never values. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/**
 * Parses a set of variables. Pure, so that tests can show what a bad environment says.
 * @throws EnvironmentError naming every setting that is missing or malformed.
 */
function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environmentSchema.safeParse(variables);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new EnvironmentError(`The environment is not usable:\n  ${lines.join("\n  ")}`);
  }
  if (parsed.data.ECOD_STAGE === "local" && parsed.data.AWS_LAMBDA_FUNCTION_NAME && !parsed.data.IS_OFFLINE) {
    throw new EnvironmentError(
      "The environment is not usable:\n  ECOD_STAGE is local, but this is AWS Lambda. Stage local has a movable clock and open controls; deploy with another stage name.",
    );
  }
  return parsed.data;
}

let parsedOnce: Environment | undefined;

/** The parsed environment of this process; parsed at the first call. @throws EnvironmentError */
export function env(): Environment {
  parsedOnce ??= parseEnvironment(process.env);
  return parsedOnce;
}

/** True on a developer's machine, where the local controls exist. */
export function isLocalStage(): boolean {
  return env().ECOD_STAGE === "local";
}

/**
 * Settings of the developer tooling (the mongod that dev, demo, test and bench start). Kept apart, because the tooling
 * runs before there is a MONGODB_URI, so before the environment above can parse.
 */
export const toolingSchema = z.object({
  MONGODB_URI: z
    .union([z.literal(""), environmentSchema.shape.MONGODB_URI])
    .default("")
    .describe("A replica set of your own to use instead of starting a mongod. Empty: start one."),
  MONGOD_BINARY: z
    .string()
    .default("")
    .describe(
      "mongod executable to start. Empty: the one on PATH, else the cached, packaged or downloaded one.",
    ),
  ECOD_CACHE_DIR: z
    .string()
    .default("")
    .describe("Folder that keeps the fetched mongod between runs. Empty: .cache in the project."),
  ECOD_BUILD_DIR: z
    .string()
    .regex(/^\.esbuild\/[\w.-]+$/, "must be a folder in .esbuild")
    .default(".esbuild/package")
    .describe("Folder, inside .esbuild, where functions are bundled. Each local stack sets one of its own."),
});

export type ToolingEnvironment = z.infer<typeof toolingSchema>;

/** The tooling's settings; read anew at each call. @throws EnvironmentError naming every malformed setting. */
export function toolingEnvironment(): ToolingEnvironment {
  const parsed = toolingSchema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new EnvironmentError(`The environment is not usable:\n  ${lines.join("\n  ")}`);
}

/** A copy of this process's variables with `overrides` on top, for starting a child process. */
export function processEnvironment(overrides: Record<string, string> = {}): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) inherited[name] = value;
  return { ...inherited, ...overrides };
}

/**
 * Sets variables of this very process before anything has read them: what dev, demo, test and bench do to become
 * stage local. @throws Error when the environment was parsed already, since the change would be ignored silently.
 */
export function adoptEnvironment(variables: Record<string, string>): void {
  if (parsedOnce) throw new Error("adoptEnvironment() must be called before the environment is first read");
  Object.assign(process.env, variables);
}
