/** `npm run rules -- VERB ...`: a client's automation rules as files, from a shell. */
import { runCommand } from "./command/run.command";
import { ruleVerbs } from "./rules/rule.verbs";

runCommand({ name: "rules", title: "Automation rules of a client, as files.", verbs: ruleVerbs });
