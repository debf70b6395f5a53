/**
 * The package `@nova-side-effects/contracts`: what a service may know of the system. Each file named here is public as a whole.
 * Inside the repository the files are imported one by one.
 */
export * from './catalogue';
export * from './event-ref';
export * from './failures';
export * from './kafka';
export * from './near-words';
export * from './notification-kinds';
export * from './nudge';
export * from './parse-event';
export * from './priority';
export * from './signals';
export * from './trace-context';
export { type Domain, domains, type EventDefinition } from './events/define';
export { type Effect, effects, type WorkflowType } from './effects';
export * from './events/consequences';
