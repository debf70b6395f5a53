/**
 * `npm run build` of a package, in its folder. By tsdown's function: its command prints that Node.js 20 is deprecated, which says
 * nothing of the package; 0.21 is its last line that runs there (docs/decisions/0017-packages.md).
 */
import { build } from 'tsdown';
import { packageBuild } from './tsdown.mjs';

await build({ ...packageBuild(process.cwd()), config: false, failOnWarn: true });
