import { isScope, type Scope, scopes } from "../../lib/http/define.route";
import { UsageError } from "../command/verb";

/** Scopes from a comma-separated option; undefined when it was not given. @throws UsageError naming the unknown one */
export function scopesOf(text: string | undefined): Scope[] | undefined {
  return text?.split(",").map((word) => {
    const scope = word.trim();
    if (isScope(scope)) return scope;
    throw new UsageError(`There is no scope "${scope}". Scopes: ${scopes.join(", ")}.`);
  });
}
