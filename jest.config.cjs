/** Tests run on the real servers of the local stack: globalSetup brings it up (or uses the addresses in the environment). */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  // Writes down the statements that the product sends, for test/plans.
  setupFilesAfterEnv: ['<rootDir>/test/support/record-statements.ts'],
  testSequencer: '<rootDir>/test/support/sequencer.cjs',
  // Their tables are filled while the other tests run.
  globals: { plansAreLookedAt: true },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['default', '<rootDir>/test/support/counts-reporter.cjs'],
  // Most tests wait for a server for most of their time: with two, two cores were idle for a third of it.
  maxWorkers: 3,
  // Nothing asserts a time: a starved machine is to be slow, not red.
  testTimeout: 600_000,
  // By itself a worker ends in milliseconds (test/support/environment.cjs); after 500 ms jest would kill it with a warning.
  workerGracefulExitTimeout: 60_000,
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};
