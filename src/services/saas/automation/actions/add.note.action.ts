import * as z from "zod";
import { addNoteInChange } from "../../crm/note.service";
import { renderText } from "../render";
import { defineAction } from "./action";
import { changeOnce } from "./change.once";

/** Puts a note on the lead, for the tenant's people only. */
export const addNoteAction = defineAction({
  type: "add_note",
  mode: "inline",
  description: "Put a note on the lead.",
  config: {
    text: z
      .string()
      .trim()
      .min(1)
      .max(4_096)
      .meta({ description: "The note; variables allowed.", example: "Asked for {{event.data.product}}" }),
  },
  async run(ctx, { text }, input) {
    const rendered = await renderText(text, input.scope);
    return changeOnce(ctx, input, async (change) => {
      const note = await addNoteInChange(ctx, change, input.run.leadId, { text: rendered });
      return { noteId: note._id.toHexString() };
    });
  },
});
