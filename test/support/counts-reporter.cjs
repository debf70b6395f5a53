const { existsSync, readFileSync, writeFileSync } = require('node:fs');

/**
 * Prints jest's own counts alone on the last line, for people and for CI: `N passed, N failed`. With `NOVA_TEST_COUNTS`, a
 * file, the counts of the runs before that wrote there are added: CI runs the tests in two parts.
 */
module.exports = class CountsReporter {
  onRunComplete(_contexts, results) {
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    const file = process.env.NOVA_TEST_COUNTS;
    if (file) {
      const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
      for (const key of Object.keys(counts)) counts[key] += before[key] ?? 0;
      writeFileSync(file, JSON.stringify(counts));
    }
    const { passed, failed, skipped } = counts;
    const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // After jest's own summary, which the default reporter writes to stderr in the same turn.
    process.once('exit', () => process.stdout.write(`\n${line}\n`));
  }
};
