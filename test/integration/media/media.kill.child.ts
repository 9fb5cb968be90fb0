/** A process of its own that works on one media item and is killed at the fail-point its environment names. */
import { createTenantContext } from "../../../src/lib/context/create.context";
import { mintClientCode } from "../../../src/lib/tenant/client.code";
import { completeUpload, putPart } from "../../../src/services/saas/media/media.upload.service";

const [clientCode = "", mediaId = "", work = ""] = process.argv.slice(2);
const ctx = createTenantContext({
  clientCode: mintClientCode(clientCode),
  actor: { type: "api_key", id: "child" },
  requestId: "req_child",
  dispatch: async () => undefined,
});

const run =
  work === "part" ? putPart(ctx, mediaId, 1, Buffer.from("%PDF-1.7\n")) : completeUpload(ctx, mediaId);
// reached only when the fail-point was not: the parent then fails on the exit code
run.then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
