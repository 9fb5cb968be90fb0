/** Who may import whom: one direction, from functions down to contracts. */
import { type ImportLine, type SourceFile, sourceFiles } from "./source.files";

interface Rule {
  /** Whom the rule is for: files whose path begins so. The first rule that fits counts. */
  readonly of: string;
  /** Beginnings of our own paths that they may import. */
  readonly ours: readonly string[];
  /** Beginnings of paths that they may import the types of, but no values. */
  readonly types?: readonly string[];
  /** Packages that they may import; all when absent. */
  readonly packages?: readonly string[];
}

const services = ["src/contracts/", "src/lib/", "src/jobs/queue/enqueue", "src/jobs/queue/job.catalog"];
const saas = (...rooms: string[]): string[] => rooms.map((room) => `src/services/saas/${room}/`);
const clients = "src/services/clients/";

const rules: readonly Rule[] = [
  { of: "src/contracts/", ours: ["src/contracts/"], packages: ["zod"] },
  { of: "src/model/", ours: ["src/model/", "src/contracts/"], packages: ["mongoose"] },
  { of: "src/lib/", ours: ["src/lib/", "src/model/", "src/contracts/"] },
  { of: "src/jobs/queue/", ours: ["src/jobs/queue/", "src/lib/", "src/contracts/"], types: ["src/model/"] },
  // A new client gets its first pipeline before it is open to anybody, so without the door for tenants.
  {
    of: clients,
    ours: [clients, ...services, "src/jobs/queue/", "src/services/saas/crm/tenant.defaults"],
    types: ["src/model/"],
  },
  { of: "src/services/saas/crm/tenant.defaults", ours: [...saas("crm"), ...services, "src/model/"] },
  { of: "src/services/saas/crm/", ours: [...saas("crm"), ...services], types: ["src/model/"] },
  { of: "src/services/saas/media/", ours: [...saas("media", "crm"), ...services], types: ["src/model/"] },
  {
    of: "src/services/saas/messaging/",
    ours: [...saas("messaging", "media", "crm"), ...services],
    types: ["src/model/"],
  },
  {
    of: "src/services/saas/whatsapp/",
    ours: [...saas("whatsapp", "messaging", "media", "crm"), clients, ...services],
    types: ["src/model/"],
  },
  {
    of: "src/services/saas/automation/",
    ours: [
      ...saas("automation", "whatsapp", "messaging", "media", "crm"),
      `${clients}secret.service`,
      ...services,
    ],
    types: ["src/model/"],
  },
  // Whatever a person left behind in any room.
  {
    of: "src/services/saas/privacy/",
    ours: [...saas("privacy", "automation", "whatsapp", "messaging", "media", "crm"), ...services],
    types: ["src/model/"],
  },
  { of: "src/jobs/", ours: ["src/jobs/", "src/services/", "src/lib/", "src/contracts/"] },
  {
    of: "src/routes/local.routes",
    ours: ["src/routes/", "src/services/", "src/contracts/", "src/lib/", "src/jobs/drain.until.idle"],
  },
  { of: "src/routes/", ours: ["src/routes/", "src/services/", "src/contracts/", "src/lib/"] },
  { of: "src/cli/", ours: ["src/cli/", "src/routes", "src/services/", "src/contracts/", "src/lib/"] },
  { of: "src/server", ours: ["src/routes", "src/jobs/", "src/lib/", "src/services/"] },
  { of: "functions/", ours: ["src/routes", "src/jobs/", "src/lib/", "src/services/"] },
];

const files = sourceFiles("src", "functions");

function allowed(rule: Rule, { to, ours, typeOnly }: ImportLine): boolean {
  if (ours) {
    const places = typeOnly ? [...rule.ours, ...(rule.types ?? [])] : rule.ours;
    return places.some((place) => to.startsWith(place));
  }
  return !rule.packages || rule.packages.includes(to);
}

function breaches(file: SourceFile): string[] {
  const rule = rules.find(({ of }) => file.path.startsWith(of));
  if (!rule) return [`${file.path}: no rule says what it may import; give its folder one`];
  return file.imports.filter((line) => !allowed(rule, line)).map(({ to }) => `${file.path} imports ${to}`);
}

test("every file imports only what lies below it", () => {
  expect(files.flatMap(breaches)).toEqual([]);
});

test("the check sees imports of all kinds, so that it can fail", () => {
  const all = files.flatMap((file) => file.imports);
  expect(all.some(({ typeOnly }) => typeOnly)).toBe(true);
  const handlers = files.find(({ path }) => path === "src/jobs/handlers/index.ts");
  expect(handlers?.imports.filter(({ to }) => to.startsWith("src/jobs/handlers/")).length).toBeGreaterThan(5);
  const wrong: SourceFile = {
    path: "src/services/saas/crm/x.ts",
    text: "",
    imports: [
      { to: "src/services/saas/automation/y", ours: true, typeOnly: false },
      { to: "src/model/saas/lead.schema", ours: true, typeOnly: false },
      { to: "src/model/saas/lead.schema", ours: true, typeOnly: true },
    ],
  };
  expect(breaches(wrong)).toHaveLength(2);
});
