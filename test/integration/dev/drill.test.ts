import { execFile } from 'node:child_process';
import { drills } from '../../../dev/drills/drills';
import { environmentOf } from '../../../dev/stack/addresses';
import { checkoutRoot } from '../../../dev/stack/paths';
import { servers } from '../../support/servers';

/** On the servers of the tests, which it takes from the environment and leaves running. */
const drill = (name: string, environment: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { PATH: process.env['PATH'], ...environmentOf(servers()), ...environment };
    execFile(
      process.execPath,
      ['--import', 'tsx', 'dev/drills/main.ts', name],
      { cwd: checkoutRoot, env },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

it('a drill shows its steps in their order, and says at the end that it held', async () => {
  const { code, stdout, stderr } = await drill('postgres-restored');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(
    /^drill postgres-restored: PostgreSQL is restored [^]*\ndrill postgres-restored: held, \d+ s\n$/,
  );
  const steps = [...stderr.matchAll(/^\d\d:\d\d:\d\d {2}(.*)$/gm)].map(([, text]) => text);
  expect(steps).toHaveLength(8);
  expect(steps[2]).toMatch(/^the outbox is restored from the backup/);
  expect(steps[7]).toMatch(/^the audit has nothing more to say/);
});

it('a drill that does not hold has the exit code 1', async () => {
  const { code, stdout } = await drill('postgres-restored', { DATABASE_URL: 'postgres://nova:nova@127.0.0.1:9/nova' });
  expect(code).toBe(1);
  expect(stdout).toMatch(/\ndrill postgres-restored: FAILED: .*, \d+ s\n$/);
});

it('a list names all of them; another name is refused', async () => {
  const { code, stdout } = await drill('list');
  expect(code).toBe(0);
  expect([...stdout.matchAll(/^([a-z-]+) {2,}/gm)].map(([, name]) => name)).toEqual(Object.keys(drills));
  expect(await drill('mysql-lost')).toMatchObject({ code: 1, stderr: expect.stringContaining('mysql-lost') as string });
});
