import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { clientViewSchema, createdClientSchema } from "../../../src/contracts/client.contract";
import { parseApiKey } from "../../../src/lib/auth/api.key";
import { processEnvironment } from "../../../src/lib/env/env";
import { central } from "../../setup/central";

interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm run tenants -- ...args` as a shell would. */
async function tenants(
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, ["--import", "tsx", "src/cli/tenants.ts", ...args], {
    env: processEnvironment(env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

describe("npm run tenants", () => {
  test("makes an installation's first admin key and first client from nothing, as JSON alone on stdout", async () => {
    const admin = await tenants(["admin-key", "create", "anna", "--json"]);
    const { key } = z.object({ key: z.string() }).parse(JSON.parse(admin.stdout));
    expect(parseApiKey(key)?.kind).toBe("admin");

    const args = ["create", "acme", "--name", "Acme Ltd", "--db", central.tenantDatabase("acme"), "--json"];
    const made = await tenants(args);
    expect(made.code).toBe(0);
    const { client, apiKey } = createdClientSchema.parse(JSON.parse(made.stdout));
    expect(client).toMatchObject({ clientCode: "acme", name: "Acme Ltd", status: "active" });
    expect(parseApiKey(apiKey.key)?.kind).toBe("test");
    expect(made.stderr).toContain("The client is active.");
    expect(made.stderr).not.toContain(apiKey.key);

    const again = await tenants(args);
    expect([again.code, again.stdout]).toEqual([1, ""]);
    expect(again.stderr).toContain("There is a client with this code already.");
  });

  test("finishes a creation that was killed in the middle when it is run again", async () => {
    const args = ["create", "cutoff", "--db", central.tenantDatabase("cutoff"), "--json"];
    const killed = await tenants(args, { env: { FAILPOINT: "during-migration" } });
    expect(killed.signal).toBe("SIGKILL");
    const listed = await tenants(["list", "--status", "provisioning", "--json"]);
    expect(z.array(clientViewSchema).parse(JSON.parse(listed.stdout))).toHaveLength(1);
    const made = await tenants(args);
    expect(made.code).toBe(0);
    expect(createdClientSchema.parse(JSON.parse(made.stdout)).client.status).toBe("active");
  });

  test("takes a connection string from stdin, so that it stands in no history", async () => {
    const made = await tenants(["create", "piped", "--db", central.tenantDatabase("piped"), "--uri", "-"], {
      input: `${central.uri}\n`,
    });
    expect(made.code).toBe(0);
    expect(made.stdout).toContain("Its API key, shown this once:");
  });

  test.each([
    [["--help"], 0, "Exit codes"],
    [["dance"], 2, 'no verb "dance"'],
    [["create", "x1", "--sparkle"], 2, "--sparkle"],
    [["create", "Bad Code"], 1, "2 to 30 lower case letters"],
    [["offboard", "acme"], 2, "Confirm with --confirm acme"],
  ])("answers %j with code %i and one clear sentence", async (args, code, sentence) => {
    const result = await tenants(args);
    expect(result.stdout + result.stderr).toContain(sentence);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toContain("    at ");
  });

  test.each([
    [{ ECOD_STAGE: "" }, "ECOD_STAGE"],
    [{ ECOD_MASTER_KEY: "short" }, "ECOD_MASTER_KEY must be 32 bytes"],
    [
      { MONGODB_URI: "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=1" },
      "The central database does not answer",
    ],
  ])("says in one sentence what is wrong with the environment %j", async (env, sentence) => {
    const result = await tenants(["create", "x2", "--db", central.tenantDatabase("x2")], { env });
    expect(result.stderr).toContain(sentence);
    expect(result.code).toBe(1);
    expect(result.stderr).not.toContain("    at ");
  });
});
