const { TestEnvironment } = require('jest-environment-node');

/**
 * A worker of jest ends when jest is gone. By itself it would go on with its file, with nothing to report to, and so would the
 * processes that it started.
 */
if (process.send !== undefined) process.once('disconnect', () => process.exit(1));

module.exports = TestEnvironment;
