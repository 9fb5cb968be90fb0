import { testPlans } from "./queue.plans";

describe("the queue's statements, with 20,000 finished, 10,000 future and 20,000 waiting jobs of 50 tenants", () => {
  testPlans({ finished: 20_000, future: 10_000, waiting: 20_000 });
});
