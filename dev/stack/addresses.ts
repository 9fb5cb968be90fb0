import type { Stack } from "./stack.file";

/** Prints where everything is and what to try first. */
export function printAddresses(stack: Stack): void {
  const [tenant] = stack.tenants;
  const lines = [
    "",
    `  API            ${stack.apiUrl}/api/crm`,
    `  Documentation  ${stack.apiUrl}/api/docs`,
    `  Fake Meta      ${stack.graphUrl}`,
    `  MongoDB        ${stack.mongoUri}`,
    `  Admin key      ${stack.adminKey}`,
    ...stack.tenants.map(
      (each) => `  Tenant ${each.clientCode.padEnd(8)}${each.apiKey}  (${each.displayPhoneNumber})`,
    ),
    "",
    "  Try:",
    `  curl -s ${stack.apiUrl}/api/crm/leads -H 'x-client-code: ${tenant?.clientCode}' -H 'x-api-key: ${tenant?.apiKey}'`,
    "",
    "  Ctrl-C stops everything.",
    "",
  ];
  process.stdout.write(lines.join("\n"));
}
