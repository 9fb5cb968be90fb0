// TypeScript, and the ES modules among our dependencies, become CommonJS by esbuild: types are checked by tsc alone.
const { createHash } = require("node:crypto");
const { transformSync, version } = require("esbuild");

module.exports = {
  getCacheKey: (source, file, options) =>
    createHash("sha1").update(`${version}\0${file}\0${options.instrument}\0${source}`).digest("hex"),
  process: (source, file) =>
    transformSync(source, {
      loader: file.endsWith(".ts") ? "ts" : "js",
      format: "cjs",
      target: "node20",
      sourcemap: "inline",
      sourcefile: file,
    }),
};
