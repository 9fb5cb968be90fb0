/** Everything we ask of Meta's Graph API. */
export { listNumberIds, type NumberInfo, readNumber, subscribeApp } from "./graph.accounts";
export { GraphCallError } from "./graph.call.error";
export { downloadMedia, lookUpMedia, uploadMedia } from "./graph.media";
export { postMessage, postReceipt } from "./graph.messages";

export { createTemplate, deleteTemplate, editTemplate, listTemplates } from "./graph.templates";
