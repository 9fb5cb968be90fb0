import { type ClientCode, clientCodeSchema } from "../../contracts/common.contract";

/**
 * Turns a checked string into the proof that this tenant may be acted for. Called in four places only, which an
 * architecture test holds: `verifyCoreToken`, webhook routing, the job claim and the platform gate.
 * @throws ZodError when the string does not have the form of a client code.
 */
export function mintClientCode(checked: string): ClientCode {
  return clientCodeSchema.parse(checked);
}
