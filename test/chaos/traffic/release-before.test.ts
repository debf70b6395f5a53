import { scenarios } from './drive';
import { changedScenarios, isAlikeInReleaseBefore } from './release-before';

it('names scenarios that there are, and leaves most to be written beside the release before', () => {
  const names = scenarios.map(({ name }) => name);
  expect(changedScenarios.filter((name) => !names.includes(name))).toEqual([]);
  expect(scenarios.filter(isAlikeInReleaseBefore)).toHaveLength(scenarios.length - changedScenarios.length);
});
