import { declaredIndexes } from "../../../src/lib/db/sync.indexes";
import { centralSchemas } from "../../../src/model/clients";
import { crmSchemas } from "../../../src/model/saas";

describe("partial indexes", () => {
  it.each([
    ["central", centralSchemas],
    ["tenant", crmSchemas],
  ])(
    "of the %s database are declared by what a query for a value implies, never by $type, which it does not",
    (_name, schemas) => {
      const unused = [...declaredIndexes(schemas)].flatMap(([collection, indexes]) =>
        indexes
          .filter(({ partialFilterExpression }) =>
            JSON.stringify(partialFilterExpression ?? {}).includes("$type"),
          )
          .map(({ name }) => `${collection}.${name}`),
      );
      expect(unused).toEqual([]);
    },
  );
});
