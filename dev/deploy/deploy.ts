/** `npm run deploy`: deploys to the stage in ECOD_STAGE. Refuses before anything is built when a setting is missing. */
import { deployProblems, deploySettings } from "./deploy.settings";
import { runServerless } from "./serverless.command";

const problems = deployProblems(deploySettings());
if (problems.length > 0) {
  process.stderr.write(`Nothing was deployed:\n${problems.map((line) => `  ${line}\n`).join("")}`);
  process.exitCode = 1;
} else {
  runServerless(["deploy", ...process.argv.slice(2)]).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`The framework could not be started: ${String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
