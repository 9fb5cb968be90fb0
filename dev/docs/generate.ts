/** `npm run docs`: writes `.env.example` and the README's configuration table from the environment's schema. */
import { readFileSync, writeFileSync } from "node:fs";
import { envExample, readmeWithTable } from "./settings";

writeFileSync(".env.example", envExample());
writeFileSync("README.md", readmeWithTable(readFileSync("README.md", "utf8")));
process.stdout.write("Wrote .env.example and the configuration table of README.md.\n");
