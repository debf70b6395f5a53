const everything = require('../jest.config.cjs');
const fire = require('./fire.cjs');

/** `npm run test:fire`: what is slow because it breaks things. */
module.exports = {
  ...everything,
  rootDir: '..',
  globals: { plansAreLookedAt: false },
  testMatch: fire.map((path) => `<rootDir>/test/${path.replace(/\/$/, '/**/*.test.ts')}`),
};
