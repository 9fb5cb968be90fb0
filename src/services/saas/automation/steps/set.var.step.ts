import * as z from "zod";
import { renderText } from "../render";
import { defineControl } from "./control.step";

/** Keeps a value for later steps, which read it as `vars.<name>`. */
export const setVarStep = defineControl({
  type: "set_var",
  description: "Keep a value for later steps.",
  config: {
    name: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, "must be a plain name")
      .meta({ description: "Read as vars.<name>.", example: "greeting" }),
    value: z.union([z.string().max(1_024), z.number(), z.boolean(), z.null()]).meta({
      description: "The value; texts may have variables.",
      example: "Hello {{lead.firstName | default: 'there'}}",
    }),
  },
  async enter({ name, value }, { scope }) {
    const set = typeof value === "string" ? await renderText(value, scope) : value;
    return { kind: "next", values: { [name]: set }, output: { value: set } };
  },
});
