import { runOwnerOf } from '../../contracts/run-owner';
import { AloneGate } from '../../outbox-bridge/alone-gate';
import { Bridge } from '../../outbox-bridge/bridge';
import { OutboxOutage, SharedOutage } from '../../outbox-bridge/shared-outage';
import { nextGrant } from '../../outbox-bridge/slot-rules';
import { requestIdOf, startOptions } from '../../runtime/start-options';
import { StartSlots } from '../../outbox-bridge/start-slots';

/** The product's own code that a simulation runs: as it is, or with one line broken on purpose (mutants.ts). */
export const realParts = {
  ...{ Bridge, StartSlots, nextGrant, AloneGate, SharedOutage, OutboxOutage },
  ...{ startOptions, requestIdOf, runOwnerOf },
};

export type Parts = typeof realParts;
