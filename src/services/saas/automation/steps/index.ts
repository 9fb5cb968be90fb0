/** Every step that decides where a run goes. ADD A CONTROL STEP HERE: the rule contract and the engine follow. */
import { branchStep } from "./branch.step";
import type { RunnableControl } from "./control.step";
import { delayStep } from "./delay.step";
import { exitStep } from "./exit.step";
import { setVarStep } from "./set.var.step";
import { splitStep } from "./split.step";
import { waitForStep } from "./wait.for.step";

export const controlSteps: readonly RunnableControl[] = [
  delayStep,
  waitForStep,
  branchStep,
  splitStep,
  setVarStep,
  exitStep,
];
