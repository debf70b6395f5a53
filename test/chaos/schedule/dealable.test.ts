import { dealableHere } from './dealable';
import { planSchedule } from './plan';

it('leaves rolling upgrades out where the release before is not in the history, and says so', () => {
  const plan = planSchedule({ seed: 1, minutes: 60, together: true });
  const upgrades = plan.filter(({ target }) => target === 'release');
  const here = dealableHere(plan, () => false);
  expect(here.plan).toEqual(plan.filter(({ target }) => target !== 'release'));
  expect(here.leftOut).toEqual([
    expect.stringMatching(new RegExp(`^${upgrades.length} rolling upgrades: commit .* is not in this clone`)),
  ]);
  expect(dealableHere(plan, () => true)).toEqual({ plan, leftOut: [] });
});
