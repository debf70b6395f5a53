#!/usr/bin/env node
// `npx nova`: in a checkout the sources, so that what is changed is what runs; in the image, which has none, what was built.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const sources = join(__dirname, '../ops/cli.ts');
if (existsSync(sources)) {
  require('tsx/cjs');
  require(sources);
} else {
  require('../dist/ops/cli.js');
}
