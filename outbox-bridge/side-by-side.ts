import { type Service, startAll, stopAll } from '../runtime/lifecycle';

/** Groups of services that start and stop beside each other, each in its own order: none waits for another's server. */
export function sideBySide(name: string, groups: readonly (readonly Service[])[]): Service {
  const stopping = new AbortController();
  return {
    name,
    start: async () => {
      await Promise.all(groups.map((group) => startAll(group, stopping.signal)));
    },
    stop: async () => {
      stopping.abort();
      const ends = await Promise.allSettled(groups.map((group) => stopAll(group)));
      const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
      if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
    },
  };
}
