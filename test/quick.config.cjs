const everything = require('../jest.config.cjs');
const fire = require('./fire.cjs');

/** `npm test`: what a contributor needs, in minutes. */
module.exports = {
  ...everything,
  rootDir: '..',
  testPathIgnorePatterns: fire.map((path) => `<rootDir>/test/${path}`),
};
