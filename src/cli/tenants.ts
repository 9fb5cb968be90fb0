/** `npm run tenants -- VERB ...`: what the platform team does with clients, from a shell. `--help` tells all. */
import { runCommand } from "./command/run.command";
import { alertVerbs } from "./tenants/alert.verbs";
import { clientVerbs } from "./tenants/client.verbs";
import { databaseVerbs } from "./tenants/database.verbs";
import { keyVerbs } from "./tenants/key.verbs";
import { whatsappVerbs } from "./tenants/whatsapp.verbs";

runCommand({
  name: "tenants",
  title: "Clients (tenants) of the platform.",
  // ADD A VERB HERE.
  verbs: [...clientVerbs, ...keyVerbs, ...databaseVerbs, ...whatsappVerbs, ...alertVerbs],
});
