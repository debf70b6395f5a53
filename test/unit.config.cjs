const { globalSetup, globalTeardown, ...rest } = require('../jest.config.cjs');

/** `npm run test:unit`: the tests that need no server, so that none is started for them. */
module.exports = { ...rest, rootDir: '..', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] };
