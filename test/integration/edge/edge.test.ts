import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { ApiClient, keysOf, lambdaTransport } from "../../builders/api.client";
import { createTenant } from "../../builders/client.builder";
import { toyRoutes } from "./toy.routes";

const { routes } = toyRoutes();
const transport = lambdaTransport(routes);
let api: ApiClient;

beforeAll(async () => {
  api = new ApiClient(transport, keysOf(await createTenant("acme")));
});
afterAll(closeAllConnections);

test("a request with a good key runs in the name of that key and answers what the schema says, nothing else", async () => {
  const answer = await api.get("/api/crm/toys/5");
  expect(answer.json()).toEqual({ name: expect.stringMatching(/^acme\/.+\/5$/), runs: 0 });
  expect(answer.status).toBe(200);
  expect(answer.headers.etag).toBe('"7"');
});
