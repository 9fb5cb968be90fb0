/** What `serverless package` makes on a machine with no account. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { deployProblems } from "../../dev/deploy/deploy.settings";
import { runFramework } from "./run.framework";

const secretNames = [
  "MONGODB_URI",
  "ECOD_MASTER_KEY",
  "WHATSAPP_APP_SECRET",
  "WHATSAPP_VERIFY_TOKEN",
] as const;
/** Settings of the machine that packages; none of them may reach the package. */
const canaries = Object.fromEntries(
  secretNames.map((name) => [name, `mongodb://canary-${name.toLowerCase()}`]),
);
const layer = "arn:aws:lambda:eu-central-1:123456789012:layer:ecod-prod-ffmpeg:1";

const templateSchema = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })),
});
const lambdaSchema = z.object({
  FunctionName: z.string(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
  Layers: z.array(z.string()).optional(),
});
type Lambda = z.infer<typeof lambdaSchema>;

let folder: string;
let lambdas: Lambda[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ecod-package-"));
  await runFramework(["package", "--stage", "prod", "--package", folder], {
    ...canaries,
    FFMPEG_LAYER_ARN: layer,
  });
  const template = await readFile(join(folder, "cloudformation-template-update-stack.json"), "utf8");
  lambdas = Object.values(templateSchema.parse(JSON.parse(template)).Resources)
    .filter(({ Type }) => Type === "AWS::Lambda::Function")
    .map(({ Properties }) => lambdaSchema.parse(Properties));
}, 240_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the package holds no secret of the machine that made it", async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  expect(names.length).toBeGreaterThanOrEqual(2);
  for (const name of names) expect(await readFile(join(folder, name), "utf8")).not.toMatch(/canary-/);
});

test("every function takes its secrets from the stage's secret when it is deployed", () => {
  expect(lambdas.length).toBeGreaterThan(10);
  for (const { Environment } of lambdas)
    for (const name of secretNames)
      expect(Environment.Variables[name]).toBe(`{{resolve:secretsmanager:ecod/prod:SecretString:${name}}}`);
});

test("nothing of a developer's stack is in it", () => {
  for (const { FunctionName, Environment } of lambdas) {
    expect(FunctionName).not.toContain("local");
    expect(Environment.Variables.ECOD_STAGE).toBe("prod");
    for (const name of ["FAILPOINT", "LAMBDA_ENDPOINT", "LOCAL_ALLOWED_HOSTS"])
      expect(Environment.Variables).not.toHaveProperty(name);
  }
});

test("the functions that use media have the layers whose ARNs were given, no other has any", () => {
  const layered = lambdas.filter(({ Layers }) => Layers).map(({ FunctionName }) => FunctionName);
  expect(layered.sort()).toEqual(["ecod-prod-admin", "ecod-prod-media", "ecod-prod-mediaPoller"]);
  expect(lambdas.find(({ Layers }) => Layers)?.Layers).toEqual([layer]);
});

test("every function has code, its own only", async () => {
  for (const { FunctionName } of lambdas) {
    const zip = await readFile(join(folder, `${FunctionName.replace("ecod-prod-", "")}.zip`));
    expect([FunctionName, zip.length > 100_000]).toEqual([FunctionName, true]);
    const bundles = [...zip.toString("latin1").matchAll(/functions\/[\w.]+\.js/g)].map(([name]) => name);
    expect(new Set(bundles).size).toBe(1);
  }
});

test("deploying is refused without a stage of its own and without both layers", () => {
  const good = { ECOD_STAGE: "prod", FFMPEG_LAYER_ARN: layer, SHARP_LAYER_ARN: layer };
  expect(deployProblems(good)).toEqual([]);
  for (const name of ["ECOD_STAGE", "FFMPEG_LAYER_ARN", "SHARP_LAYER_ARN"])
    expect(deployProblems({ ...good, [name]: undefined })).toEqual([expect.stringContaining(name)]);
  for (const stage of ["local", "nostage"])
    expect(deployProblems({ ...good, ECOD_STAGE: stage })).toEqual([expect.stringContaining("ECOD_STAGE")]);
});
