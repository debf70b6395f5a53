const Sequencer = require('@jest/test-sequencer').default;

/** Jest's own order, but for test/plans: it looks at the statements that the product sent in all other tests. */
module.exports = class PlansLast extends Sequencer {
  sort(tests) {
    const isPlans = ({ path }) => path.includes('/test/plans/');
    const sorted = super.sort(tests);
    return [...sorted.filter((test) => !isPlans(test)), ...sorted.filter(isPlans)];
  }
};
