import { readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

const contracts = resolve(import.meta.dirname, '../../contracts');

/**
 * How a package is built: ESM, CommonJS and the types of both. Its entries are the subpaths of `exports` in its package.json:
 * a new one is a line there and a file of that name.
 * @param {string} folder of the package
 * @returns {import('tsdown').UserConfig}
 */
export function packageBuild(folder) {
  return {
    cwd: folder,
    entry: entriesOf(folder),
    format: ['esm', 'cjs'],
    dts: true,
    tsconfig: resolve(import.meta.dirname, '../../tsconfig.json'),
    platform: 'node',
    target: 'node20',
    // What comes from other packages is theirs to install: nothing of it is copied into ours.
    deps: { onlyBundle: [] },
    // Small files that people may read when a stack trace leads there.
    minify: false,
    logLevel: 'warn',
    // Not `plugins`: those do not take part in the types of CommonJS.
    inputOptions: (options) => ({
      ...options,
      plugins: [contractsStayOutside(folder), options.plugins],
      // On a busy machine every plugin takes long: no news of the package.
      checks: { ...options.checks, pluginTimings: false },
    }),
    // Otherwise the bundler's own helpers are put into one of the entries, and `publish` would load Kafka's client.
    outputOptions: { codeSplitting: { groups: [{ name: 'helpers', test: /^\0rolldown\/runtime/ }] } },
  };
}

/** @param {string} folder @returns {Record<string, string>} */
function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const names = Object.keys(exports).filter((subpath) => subpath !== './package.json');
  return Object.fromEntries(names.map((subpath) => [nameOf(subpath), join(folder, `${nameOf(subpath)}.ts`)]));
}

/** @param {string} subpath */
const nameOf = (subpath) => (subpath === '.' ? 'index' : subpath.slice('./'.length));

/**
 * Inside the repository the client imports single files of contracts/. In its package these are the package of the contracts:
 * inlined they would be a second catalogue, and a second `NovaError`, beside the one that the service imports.
 * @param {string} folder of the package that is built
 * @returns {import('tsdown').Rolldown.Plugin}
 */
function contractsStayOutside(folder) {
  return {
    name: 'contracts-stay-outside',
    resolveId: {
      order: 'pre',
      handler(source, importer) {
        if (folder === contracts || importer === undefined || !source.startsWith('.')) return null;
        const target = resolve(dirname(importer), source);
        return target.startsWith(contracts + sep) ? { id: '@nova-side-effects/contracts', external: true } : null;
      },
    },
  };
}
