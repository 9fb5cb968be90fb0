import { randomBytes } from "node:crypto";
import { errorOf } from "./error.catalog";

interface GraphErrorOptions {
  /** What a person needs to know; `error_data.details`. */
  details?: string;
  /** Instead of `(#code) title`. */
  message?: string;
  subcode?: number;
  /** Template management errors carry texts for the user. */
  userTitle?: string;
  userMessage?: string;
  httpStatus?: number;
}

/** Thrown anywhere in the server; answered as Meta's error envelope. */
export class GraphError extends Error {
  override readonly name = "GraphError";
  readonly status: number;

  constructor(
    readonly code: number,
    private readonly options: GraphErrorOptions = {},
  ) {
    const known = errorOf(code);
    super(options.message ?? `(#${code}) ${known.title}`);
    this.status = options.httpStatus ?? known.status;
  }

  /** The body Meta answers: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes */
  envelope(): { error: Record<string, unknown> } {
    const { details, subcode, userTitle, userMessage } = this.options;
    return {
      error: {
        message: this.message,
        type: errorOf(this.code).type,
        code: this.code,
        ...(details === undefined ? {} : { error_data: { messaging_product: "whatsapp", details } }),
        ...(subcode === undefined ? {} : { error_subcode: subcode }),
        ...(userTitle === undefined ? {} : { is_transient: false, error_user_title: userTitle }),
        ...(userMessage === undefined ? {} : { error_user_msg: userMessage }),
        fbtrace_id: `A${randomBytes(16).toString("base64url")}`,
      },
    };
  }
}

/** What Graph says of an id that does not exist, or that the token may not see: the two look the same. */
export function unknownObject(method: string, id: string): GraphError {
  return new GraphError(100, {
    message: `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api`,
    subcode: 33,
  });
}
