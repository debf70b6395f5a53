/** The registered workflow types: exactly the keys of contracts/workflow-types.ts and maintenance.ts, held by a test. */
export { auditWorkflow } from './audit';
export { emitWorkflow } from './emit-only';
export { feedFanoutWorkflow } from './feed-fanout';
export { feedRepairWorkflow } from './feed-repair';
export { followWorkflow } from './follow';
export { identityWorkflow } from './identity';
export { mediaLinkWorkflow } from './media-link';
export { notificationWorkflow } from './notification';
export { postRefreshWorkflow } from './post-refresh';
export { replayWorkflow } from './replay';
export { retractionWorkflow } from './retraction';
