/** Prints jest's own counts alone on the last line, for people and for CI: `N passed, N failed`. */
module.exports = class CountsReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // After jest's own summary, which the default reporter writes to stderr in the same turn.
    process.once('exit', () => process.stdout.write(`\n${line}\n`));
  }
};
