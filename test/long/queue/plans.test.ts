import { testPlans } from "../../integration/queue/queue.plans";

describe("the queue's statements, with 100,000 finished, 50,000 future and 100,000 waiting jobs of 50 tenants", () => {
  testPlans({ finished: 100_000, future: 50_000, waiting: 100_000 });
});
