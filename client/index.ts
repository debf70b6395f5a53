/** The package `@nova-side-effects/client`: what needs nothing but the transaction. The rest has subpaths of its own. */
export * from './publish';
export * from './publish-many';
export * from './topic-of';
export * from './postgres-js';
