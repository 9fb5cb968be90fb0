/** Which column of a file goes to which field of a lead. */
import {
  isPlainTarget,
  keyedTargetOf,
  type PlainTarget,
  plainTargets,
} from "../../../../contracts/transfer.contract";
import { ImportFailure } from "./import.failure";

/** Names that other systems' files use, in lower case without spaces, dashes and underscores. */
const aliases: Readonly<Record<string, PlainTarget>> = {
  name: "displayName",
  fullname: "displayName",
  nome: "displayName",
  first: "firstName",
  last: "lastName",
  surname: "lastName",
  mobile: "phone",
  phonenumber: "phone",
  mobilephone: "phone",
  whatsapp: "phone",
  telefone: "phone",
  celular: "phone",
  emailaddress: "email",
  organization: "company",
  organisation: "company",
  owner: "ownerId",
  value: "value.amount",
  amount: "value.amount",
  currency: "value.currency",
  tag: "tags",
  labels: "tags",
  optin: "consent.whatsapp.optIn",
};
const plain = (name: string) => name.toLowerCase().replace(/[\s_\-.]/g, "");
const byName = new Map<string, string>([
  ...Object.entries(aliases),
  ...plainTargets.map((target): [string, string] => [plain(target), target]),
]);

/** Maps columns one after the other; what an earlier one took, a later one does not get by its name. */
export class ColumnMapping {
  readonly #chosen: ReadonlyMap<string, string | null>;
  readonly #targets = new Map<string, string | null>();
  readonly #taken: Set<string>;

  /** @param mapping what the caller chose; other columns go by their own name. */
  constructor(mapping: Readonly<Record<string, string | null>> | null) {
    this.#chosen = new Map(Object.entries(mapping ?? {}));
    this.#taken = new Set([...this.#chosen.values()].flatMap((target) => target ?? []));
  }

  /** The field a column goes to; null when it is left out. */
  targetOf(column: string): string | null {
    const known = this.#targets.get(column) ?? this.#chosen.get(column);
    if (known !== undefined) return known;
    const own = keyedTargetOf(column) ? column : (byName.get(plain(column)) ?? null);
    const target = own !== null && this.#taken.has(own) ? null : own;
    if (target !== null) this.#taken.add(target);
    this.#targets.set(column, target);
    return target;
  }

  /**
   * Maps the columns of a file, fields by their very name before other names of them.
   * @param complete whether these are all its columns: objects may have others further down.
   * @throws ImportFailure when a mapped column is missing, two go to one field, or none tells who it is.
   */
  mapAll(columns: readonly string[], complete: boolean): { column: string; target: string | null }[] {
    if (complete && [...this.#chosen.keys()].some((column) => !columns.includes(column)))
      throw new ImportFailure("unknown-column", "The mapping names a column that the file does not have.");
    const chosen = [...this.#chosen.values()].flatMap((target) => target ?? []);
    const twice = chosen.find((target, index) => chosen.indexOf(target) !== index);
    if (twice !== undefined)
      throw new ImportFailure("duplicate-target", `Two columns go to ${twice}. Map one of them to null.`);
    for (const column of columns) if (isPlainTarget(column)) this.targetOf(column);
    const mapped = columns.map((column) => ({ column, target: this.targetOf(column) }));
    if (!mapped.some(({ target }) => target !== null && tellsWho(target)))
      throw new ImportFailure(
        "no-identity",
        "No column goes to phone, email or externalIds.<system>. Map one, so that each row finds its lead.",
      );
    return mapped;
  }
}

function tellsWho(target: string): boolean {
  return target === "phone" || target === "email" || target.startsWith("externalIds.");
}
