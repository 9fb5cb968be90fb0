// serverless-esbuild loads its configuration by plain require(), which cannot read TypeScript.
module.exports = require("tsx/cjs/api").require("../esbuild.config.ts", __filename).default;
