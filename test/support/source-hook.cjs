const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { tmpdir, userInfo } = require('node:os');
const { join, resolve } = require('node:path');

/**
 * `node --require` of this file runs TypeScript from source, each file compiled once and kept. Tests start some hundreds of
 * processes: with tsx each takes a second of computing before its first line, with this a third of that.
 */
const configFile = resolve(__dirname, '../../.swcrc');
const kept = join(tmpdir(), `nova-compiled-${userInfo().username}`);
const compiler = createHash('sha256')
  .update(readFileSync(configFile))
  .update(readFileSync(resolve(__dirname, '../../node_modules/@swc/core/package.json')))
  .digest('hex');
mkdirSync(kept, { recursive: true });
process.setSourceMapsEnabled(true);

Module._extensions['.ts'] = (module, filename) => {
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256').update(compiler).update(filename).update(source).digest('hex');
  module._compile(compiled(join(kept, `${key}.js`), source, filename), filename);
};

function compiled(place, source, filename) {
  try {
    return readFileSync(place, 'utf8');
  } catch (thrown) {
    if (thrown.code !== 'ENOENT') throw thrown;
  }
  const { code } = require('@swc/core').transformSync(source, { configFile, filename });
  // Whole or not at all: another process may read it now.
  const unfinished = `${place}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, place);
  return code;
}
