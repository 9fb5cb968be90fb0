import type { Context } from "aws-lambda";

/** What API Gateway waits for an answer; a host without a gateway keeps to it as well. */
const requestLimitMs = 29_000;

/** Stands in for Lambda's context where the host is no Lambda: nothing but the time that is left. */
export function hostContext(): Context {
  const deadline = performance.now() + requestLimitMs;
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: "",
    functionVersion: "",
    invokedFunctionArn: "",
    memoryLimitInMB: "",
    awsRequestId: "",
    logGroupName: "",
    logStreamName: "",
    getRemainingTimeInMillis: () => deadline - performance.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
