import * as z from "zod";
import { addNoteInChange } from "../../crm/note.service";
import { renderText } from "../render";
import { defineChange } from "./action";

/** Puts a note on the lead, for the tenant's people only. */
export const addNoteAction = defineChange({
  type: "add_note",
  description: "Put a note on the lead.",
  config: {
    text: z
      .string()
      .trim()
      .min(1)
      .max(4_096)
      .meta({ description: "The note; variables allowed.", example: "Asked for {{event.data.product}}" }),
  },
  async change(ctx, change, { text }, input) {
    const rendered = await renderText(text, input.scope);
    const note = await addNoteInChange(ctx, change, input.run.leadId, { text: rendered });
    return { noteId: note._id.toHexString() };
  },
});
