import { dirname } from 'node:path';
import { cacheHome, stackFolder, stackId } from '../../../../dev/stack/paths';

const env = { NOVA_STACK_DIR: '/state', NOVA_CACHE_DIR: '/cache' };

it('gives every name and every checkout a folder of its own', () => {
  const folders = [stackFolder('dev', env, '/a'), stackFolder('test', env, '/a'), stackFolder('dev', env, '/b')].map(
    ({ root }) => root,
  );
  expect(new Set(folders).size).toBe(3);
  expect(folders[0]).toBe(`/state/${stackId('dev', '/a')}`);
});

it('keeps the lock outside the folder that wiping removes', () => {
  const folder = stackFolder('dev', env);
  expect(dirname(folder.lockFile)).toBe(dirname(folder.root));
});

it.each(['', 'A', 'a b', '../x', '-a', 'a'.repeat(32)])('refuses the name "%s"', (name) => {
  expect(() => stackFolder(name, env)).toThrow(/--name/);
});

it('takes the cache from its variable', () => {
  expect(cacheHome(env)).toBe('/cache');
});
