import { mainOutbox } from '../contracts/outbox-name';
import { AloneGate } from './alone-gate';
import { type BridgeDeps } from './bridge-deps';
import { NudgeTrust } from './nudge-trust';
import { Outage } from './outage';
import { OutboxOutage, SharedOutage } from './shared-outage';
import { unpaced } from './start-paces';
import { StartSlots } from './start-slots';

/** What the loops of a process share, for a process with one loop. */
export function partsOfOne(
  deps: Pick<BridgeDeps, 'window' | 'logger' | 'now' | 'sleep'>,
  probe: () => Promise<void>,
): Pick<
  BridgeDeps,
  'window' | 'logger' | 'now' | 'sleep' | 'slots' | 'paces' | 'gate' | 'outage' | 'outbox' | 'nudges'
> {
  const shared = new SharedOutage({ ...deps, probe, served: () => 1 });
  return {
    ...deps,
    outbox: { name: mainOutbox },
    slots: new StartSlots(deps.window).of(mainOutbox),
    paces: unpaced,
    gate: new AloneGate(deps),
    nudges: new NudgeTrust(deps.now),
    outage: new OutboxOutage(new Outage(deps.now), shared),
  };
}
