import { type BridgeInstance } from './evidence';

/** Processes that were killed leave their row, which ends by its age. */
const aliveMs = 30_000;

/** What is wrong with the state that a living bridge wrote down last, as sentences. */
export function bridgeTrouble({ instanceId, state, reason, pausedTypes, silentForMs }: BridgeInstance): string[] {
  if (silentForMs > aliveMs) return [];
  return [
    ...(['polling', 'starting'].includes(state) ? [] : [`bridge ${instanceId} is in ${state}: ${reason ?? ''}`]),
    ...(pausedTypes.length === 0 ? [] : [`bridge ${instanceId} still pauses ${pausedTypes.join(', ')}`]),
  ];
}
