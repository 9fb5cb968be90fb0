/** Name of the secret that holds the access token of a number. */
export function tokenSecretName(phoneNumberId: string): string {
  return `whatsapp.token:${phoneNumberId}`;
}
