import type { Operator } from "../../contracts/condition.contract";
import { changeOperators } from "./change.operators";
import { equalityOperators } from "./equality.operators";
import type { ConditionOperator } from "./operator";
import { orderOperators } from "./order.operators";
import { presenceOperators } from "./presence.operators";
import { textOperators } from "./text.operators";
import { timeOperators } from "./time.operators";

/** Every operator of the grammar, one file per family. ADD AN OPERATOR HERE. */
export const conditionOperators: Readonly<Record<Operator, ConditionOperator>> = {
  ...equalityOperators,
  ...textOperators,
  ...orderOperators,
  ...timeOperators,
  ...presenceOperators,
  ...changeOperators,
};
