/** Runs in every test file's sandbox before the file itself: makes it a process of stage local with its own databases. */
import { adoptEnvironment } from "../../src/lib/env/env";
import { central } from "./central";

adoptEnvironment({
  ECOD_STAGE: "local",
  ECOD_CENTRAL_DB: central.database,
  ECOD_MASTER_KEY: central.masterKey,
  WHATSAPP_APP_SECRET: "test-app-secret",
  WHATSAPP_VERIFY_TOKEN: "test-verify-token",
  GRAPH_BASE_URL: "http://127.0.0.1:2", // nobody listens there: a test that calls Graph names its fake server
  API_RATE_PER_SECOND: "5000", // tests hurry; the limit has a test of its own
  LOG_LEVEL: "ERROR",
});
