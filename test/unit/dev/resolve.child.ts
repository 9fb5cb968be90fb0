/** Prints which mongod this environment leads to, as one line of JSON; else the error's message, with code 1. */
import { resolveMongod } from "../../../dev/mongo/resolve.mongod";

resolveMongod((line) => console.error(line)).then(
  (mongod) => console.log(JSON.stringify(mongod)),
  (error: Error) => {
    console.error(`${error.name}: ${error.message}`);
    process.exitCode = 1;
  },
);
