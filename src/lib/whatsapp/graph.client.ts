/** Everything we ask of Meta's Graph API. */
export { listNumberIds, type NumberInfo, readNumber, subscribeApp } from "./graph.accounts";
export { GraphCallError } from "./graph.call.error";
export { downloadMedia, lookUpMedia, type MediaLookUp, uploadMedia } from "./graph.media";
export { type AcceptedMessage, postMessage, postReceipt } from "./graph.messages";
export type { GraphAnswer, GraphFault } from "./graph.request";
export {
  createTemplate,
  deleteTemplate,
  editTemplate,
  listTemplates,
  type TemplateListing,
} from "./graph.templates";
