/** `npm run package`: builds every function into .serverless, with no AWS account. For the stage in ECOD_STAGE, if set. */
import { runServerless } from "./serverless.command";

runServerless(["package", ...process.argv.slice(2)]).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`The packager could not be started: ${String(error)}\n`);
    process.exitCode = 1;
  },
);
