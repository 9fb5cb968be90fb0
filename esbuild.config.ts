/** How each function becomes one file. Used by the packager and by the benchmark of bundle sizes. */
import type { BuildOptions } from "esbuild";
import { toolingEnvironment } from "./src/lib/env/env";

/**
 * What is not bundled: AWS brings its SDK, sharp comes as a layer (its binary is per platform), and the npm package's
 * ffmpeg is only for machines without the layer.
 */
export const exclude = ["@aws-sdk/*", "sharp", "@ffmpeg-installer/ffmpeg"];

/** CommonJS, since Lambda finds a layer's modules only for it; small, with readable names in stacks. */
export const bundleOptions = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  minify: true,
  keepNames: true,
  sourcemap: false,
  logLevel: "warning",
} as const satisfies BuildOptions;

/** What serverless-esbuild asks for. */
export default function esbuildConfig() {
  return {
    ...bundleOptions,
    exclude,
    // Stacks and the packager may run side by side; none must sweep away what another serves.
    outputWorkFolder: toolingEnvironment().ECOD_BUILD_DIR,
    concurrency: 2,
    watch: {
      pattern: ["functions/**/*.ts", "src/**/*.ts"],
      ignore: ["node_modules", ".esbuild", ".serverless", ".cache", ".ecod"],
    },
  };
}
