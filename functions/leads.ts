import { mountLambda } from "../src/lib/http/mount.lambda";
import { leadRoutes } from "../src/routes/crm/lead.routes";
import { savedSearchRoutes } from "../src/routes/crm/saved.search.routes";
import { vocabularyRoutes } from "../src/routes/crm/vocabulary.routes";
import { dispatchEvents } from "../src/services/saas/automation/dispatch.events";

/** The API of leads: records, places, tags, notes, timelines, saved searches, the lists of tags and sources. */
export const handler = mountLambda([...leadRoutes, ...savedSearchRoutes, ...vocabularyRoutes], {
  dispatch: dispatchEvents,
});
