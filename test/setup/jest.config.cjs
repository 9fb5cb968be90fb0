// Jest's module system does not require() ES modules, so the dependencies that have no CommonJS build are transformed.
const esModulesOnly = [
  "@middy",
  "file-type",
  "strtok3",
  "token-types",
  "uint8array-extras",
  "@tokenizer",
  "@borewit",
  "ical-generator",
];

module.exports = {
  rootDir: "../..",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testEnvironment: "<rootDir>/test/setup/clean.environment.ts",
  testEnvironmentOptions: { customExportConditions: ["node", "node-addons", "module-sync"] },
  globalSetup: "<rootDir>/test/setup/global.setup.ts",
  globalTeardown: "<rootDir>/test/setup/global.teardown.ts",
  setupFiles: ["<rootDir>/test/setup/adopt.environment.ts"],
  transform: { "\\.[cm]?[jt]s$": "<rootDir>/test/setup/jest.transform.cjs" },
  transformIgnorePatterns: [`/node_modules/(?!(${esModulesOnly.join("|")})/)(?!.*\\.mjs$)`],
  modulePathIgnorePatterns: ["<rootDir>/.esbuild/", "<rootDir>/.serverless/", "<rootDir>/.cache/"],
  cacheDirectory: "<rootDir>/.cache/jest",
  maxWorkers: 2,
  testTimeout: 300_000,
  slowTestThreshold: 0, // prints the seconds of every file
};
