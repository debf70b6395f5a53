/**
 * A step of `npm pack`, in the folder of a package: what was built can be loaded and compiled. A build may be wrong without an
 * error, and a package that is packed from it fails in the service that installs it. publint and arethetypeswrong, which the tests
 * run, do not load a file.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const folder = process.cwd();
const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const entries = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => name + subpath.slice(1));

/** Loads every entry by its public name, as a service does. */
function loads(type, load) {
  const script = `for (const entry of ${JSON.stringify(entries)}) ${load}`;
  execFileSync(process.execPath, [`--input-type=${type}`, '--eval', script], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Imports of the types that lead nowhere: no file is loaded for them before a service compiles. */
function brokenTypes() {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const files = readdirSync(join(folder, 'dist')).filter((file) => /\.d\.[mc]ts$/.test(file));
  return files.flatMap((file) => {
    const path = join(folder, 'dist', file);
    const mode = file.endsWith('.d.mts') ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS;
    return ts
      .preProcessFile(readFileSync(path, 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => fileName)
      .filter(
        (to) =>
          ts.resolveModuleName(to, path, options, ts.sys, undefined, undefined, mode).resolvedModule === undefined,
      )
      .map((to) => `dist/${file} imports the types of ${to}, which are not there`);
  });
}

try {
  loads('module', 'await import(entry);');
  loads('commonjs', 'require(entry);');
  const broken = brokenTypes();
  if (broken.length > 0) throw new Error(broken.join('\n'));
} catch (thrown) {
  console.error(`${name} must not be packed: ${thrown.stderr?.toString().trim() || thrown.message}`);
  process.exitCode = 1;
}
