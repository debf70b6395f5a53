const { resolve } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;
const slow = require('../slow.cjs').map((path) => resolve(__dirname, '..', path));

/**
 * Jest's own order, but for two things. What takes minutes comes first: begun last, it would run alone, beside a core that has nothing left to do.
 * test/plans comes last: it looks at the statements that the product sent in all other tests.
 */
module.exports = class SlowFirstPlansLast extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      if (path.includes('/test/plans/')) return slow.length + 1;
      const at = slow.indexOf(path);
      return at === -1 ? slow.length : at;
    };
    return super.sort(tests).toSorted((a, b) => place(a) - place(b));
  }
};
