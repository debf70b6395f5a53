import { type FaultKind, type PlannedFault, type Target } from '../types';
import { Apart } from './apart';

const fault = (target: Target, kind: FaultKind): PlannedFault => ({ atMs: 0, target, index: 0, kind, durationMs: 1 });

it('lets a fault wait that must not last beside another, and those after it too', async () => {
  const apart = new Apart();
  const begun: string[] = [];
  const enter = (name: string, one: PlannedFault) =>
    apart.enter(one).then((leave) => {
      begun.push(name);
      return leave;
    });
  const leaveLost = await enter('lost route', fault('temporal', 'not-found'));
  const upgrading = enter('upgrade', fault('release', 'bridge-first'));
  const terminating = enter('terminate', fault('operator', 'terminate'));
  const leaveKill = await enter('kill', fault('bridge', 'kill'));
  expect(begun).toEqual(['lost route', 'kill']);

  leaveLost();
  const leaveUpgrade = await upgrading;
  expect(begun).toEqual(['lost route', 'kill', 'upgrade']);

  leaveUpgrade();
  (await terminating)();
  leaveKill();
  expect(begun).toEqual(['lost route', 'kill', 'upgrade', 'terminate']);
});
