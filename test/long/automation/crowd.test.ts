/** Ten thousand leads enter one rule at once. */
import { closeAllConnections } from "../../../src/lib/tenant/tenant.registry";
import { expectCrowdInOrder } from "../../integration/automation/crowd";

jest.setTimeout(1_800_000);

afterAll(closeAllConnections);

test("ten thousand leads enter a rule at once: nobody twice, visibly, and other tenants keep their pace", () =>
  expectCrowdInOrder({ count: 10_000, again: 1_000, perMinute: 4_000 }));
