import type { APIGatewayProxyEventV2 } from "aws-lambda";

/** One HTTP request, as a host that is no API Gateway receives it. */
export interface HttpRequest {
  readonly method: string;
  /** Path with its query, as in the request line. */
  readonly target: string;
  /** Names and values in turn, as they were sent; doubled ones are joined by commas, as the gateway does. */
  readonly rawHeaders: readonly string[];
  readonly body?: Buffer | undefined;
  readonly sourceIp?: string | undefined;
}

/** The API Gateway event (HTTP API, payload 2.0) of a request. The body goes as base64, so that every byte arrives. */
export function apiEvent(request: HttpRequest): APIGatewayProxyEventV2 {
  const [path = "/", ...query] = request.target.split("?");
  const headers = headersOf(request.rawHeaders);
  const body = request.body?.length ? { body: request.body.toString("base64") } : {};
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query.join("?"),
    headers,
    isBase64Encoded: request.body !== undefined && request.body.length > 0,
    ...body,
    requestContext: {
      accountId: "",
      apiId: "",
      domainName: headers.host ?? "",
      domainPrefix: "",
      requestId: "",
      routeKey: "$default",
      stage: "$default",
      time: "",
      timeEpoch: 0,
      http: {
        method: request.method,
        path,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp ?? "",
        userAgent: headers["user-agent"] ?? "",
      },
    },
  };
}

function headersOf(raw: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const value = raw[i + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(headers);
}
