import { packageBuild } from '../dev/packages/tsdown.mjs';

export default packageBuild(import.meta.dirname);
