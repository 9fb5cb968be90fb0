/** A few hundred leads enter one rule at once; test/long has ten thousand. */
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { expectCrowdInOrder } from "./crowd";

afterAll(closeAllConnections);

test("a crowd enters a rule at once: nobody twice, visibly, and other tenants keep their pace", () =>
  expectCrowdInOrder({ count: 300, again: 30, perMinute: 200 }));
