import middy from "@middy/core";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { verifyAdminKey } from "../auth/verify.admin.key";
import { verifyCoreToken } from "../auth/verify.core.token";
import type { EventDispatcher } from "../context/tenant.context";
import { AppError } from "../errors/app.error";
import type { Route } from "./define.route";
import { EdgeRequest, type EdgeResponse } from "./edge.request";
import { hostContext } from "./host.context";
import { apiVersion } from "./middleware/api.version.middleware";
import { conditional } from "./middleware/conditional.middleware";
import { errorToProblem } from "./middleware/error.to.problem.middleware";
import { idempotency } from "./middleware/idempotency.middleware";
import { parseInput } from "./middleware/parse.input.middleware";
import { rateLimit } from "./middleware/rate.limit.middleware";
import { requestContext } from "./middleware/request.context.middleware";
import { RouteTable } from "./route.table";
import { runRoute } from "./run.route";

/** What a mount binds to the routes it serves. */
export interface MountPorts {
  /** Who hears of the events that requests cause: the automation engine. */
  readonly dispatch: EventDispatcher;
}

/** Serves one API Gateway event (payload 2.0). Without a Lambda context the request has the gateway's own limit. */
export interface EdgeHandler {
  (event: APIGatewayProxyEventV2, context?: Context): Promise<EdgeResponse>;
  /** What it serves, so that a test can hold it against serverless.yml. */
  readonly routes: readonly Route[];
}

/** How long before the function's end the caller is told that it took too long. */
const timeoutEarlyInMillis = 250;

/**
 * Serves a table of routes as one Lambda function behind middy.
 * @throws Error at once when two routes of the table collide
 */
export function mountLambda(routes: readonly Route[], ports: MountPorts): EdgeHandler {
  const pipeline = middy<EdgeRequest, EdgeResponse>({ timeoutEarlyInMillis, timeoutEarlyResponse })
    .use(requestContext(new RouteTable(routes)))
    .use(verifyCoreToken())
    .use(verifyAdminKey())
    .use(rateLimit())
    .use(apiVersion())
    .use(parseInput())
    .use(idempotency())
    .use(conditional())
    .use(errorToProblem())
    .handler(runRoute(ports));
  const serve = (event: APIGatewayProxyEventV2, context?: Context) =>
    pipeline(new EdgeRequest(event), context ?? hostContext());
  return Object.assign(serve, { routes });
}

function timeoutEarlyResponse(): never {
  throw new AppError(
    "timed-out",
    "The request took too long and was given up on. It may still take effect: look before you repeat it, or repeat it with the same Idempotency-Key.",
  );
}
