// TypeScript, and the ES modules among our dependencies, become CommonJS by esbuild: types are checked by tsc alone.
const { createHash } = require("node:crypto");
const { transformSync, version } = require("esbuild");

const options = {
  format: "cjs",
  target: "node20",
  // As in the deployed bundle: import() becomes a deferred require(), so there is one copy of each module.
  supported: { "dynamic-import": false },
  sourcemap: "inline",
};

module.exports = {
  getCacheKey: (source, file, { instrument }) =>
    createHash("sha1")
      .update(JSON.stringify([version, options, file, instrument, source]))
      .digest("hex"),
  process: (source, file) =>
    transformSync(source, { ...options, loader: file.endsWith("ts") ? "ts" : "js", sourcefile: file }),
};
