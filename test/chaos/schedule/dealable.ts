import { hasPreviousVersion, previousRevision } from '../../upgrade/previous-version';
import { type PlannedFault } from '../types';

export interface Dealable {
  readonly plan: PlannedFault[];
  /** What of the plan cannot be dealt here, and why; for people. */
  readonly leftOut: readonly string[];
}

/** The plan without what this checkout cannot deal: a shallow clone has no release before to upgrade from. */
export function dealableHere(plan: readonly PlannedFault[], isThere = hasPreviousVersion): Dealable {
  const upgrades = plan.filter(({ target }) => target === 'release');
  if (upgrades.length === 0 || isThere()) return { plan: [...plan], leftOut: [] };
  const why = `commit ${previousRevision} is not in this clone (git fetch --unshallow brings it)`;
  return {
    plan: plan.filter(({ target }) => target !== 'release'),
    leftOut: [`${upgrades.length} rolling upgrades: ${why}`],
  };
}
