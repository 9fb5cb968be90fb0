/** `npm run jobs -- VERB ...`: what the platform team sees of the queue and does with it, from a shell. */
import { runCommand } from "./command/run.command";
import { jobVerbs } from "./jobs/job.verbs";
import { queueVerbs } from "./jobs/queue.verbs";

runCommand({
  name: "jobs",
  title: "Background jobs of all clients, and the queue they wait in.",
  // ADD A VERB HERE.
  verbs: [...jobVerbs, ...queueVerbs],
});
