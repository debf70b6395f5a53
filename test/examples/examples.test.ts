import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loginOf, makeLogins } from '../../dev/logins';
import { checkoutRoot } from '../../dev/stack/paths';
import { which } from '../../dev/stack/which';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { type DocumentedLogin, createReadingLogin } from '../support/documented-login';
import { newId } from '../support/events';
import { type OwnSystem, createOwnSystem } from '../support/own-system';
import { servers } from '../support/servers';
import { type SnippetProgram, goProgram, javaProgram, jdbcUrl, pythonProgram } from './sql-snippets';

const run = promisify(execFile);
const example = (path: string) => join(checkoutRoot, 'examples', path);
const scratch = mkdtempSync(join(tmpdir(), 'nova-examples-'));

let database: TestDatabase;
let system: OwnSystem;
let environment: Record<string, string>;
let readerUrl: string;
let app: DocumentedLogin;
beforeAll(async () => {
  database = await createTestDatabase();
  const urls = await makeLogins(database.url);
  readerUrl = urls.reader;
  app = await createReadingLogin(database);
  system = await createOwnSystem(servers(), database.url);
  await Promise.all([system.startWorkers(), system.startBridge()]);
  environment = { ...(process.env as Record<string, string>), ...system.environment, DATABASE_URL: urls.publisher };
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await system.close();
  await app.drop();
  await database.drop();
});

/** The lines that a program wrote, with ids replaced. */
async function output(program: string, args: readonly string[], more: Record<string, string> = {}): Promise<string[]> {
  const options = { env: { ...environment, ...more }, cwd: checkoutRoot, timeout: 300_000 };
  const { stdout } = await run(program, args, options);
  const lines = stdout
    .split('\n')
    .map((line) => line.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>').trim());
  return lines.filter((line) => line !== '');
}

/** A test that is left out, in words that say why, where the machine lacks a program. */
const withProgram = (...programs: string[]): typeof it => {
  const missing = programs.filter((program) => which(program) === null);
  if (missing.length === 0) return it;
  const skipped = (name: string): void => {
    // eslint-disable-next-line jest/no-disabled-tests -- the title says what the machine lacks
    it.skip(`${name} (skipped: this machine has no ${missing.join(' and no ')})`, () => undefined);
  };
  return skipped as typeof it;
};

/** Python with what the example requires; installed once. */
const python = (() => {
  let installed: Promise<string> | undefined;
  const install = async (): Promise<string> => {
    const venv = join(scratch, 'venv');
    await run('python3', ['-m', 'venv', venv]);
    await run(join(venv, 'bin/pip'), ['install', '--quiet', '-r', example('python-service/requirements.txt')]);
    return join(venv, 'bin/python');
  };
  return () => (installed ??= install());
})();

describe('the examples work against the stack', () => {
  withProgram()('typescript-service publishes, receives, and shows a feed and an inbox', async () => {
    const script = example('typescript-service/service.ts');
    const lines = await output(process.execPath, ['--import', 'tsx', script], { READING_DATABASE_URL: app.url });
    expect(lines).toEqual([
      'published <id>',
      'received content.post.created',
      'state on_kafka',
      expect.stringMatching(/^feed \[\{"postId":"<id>","scoreMs":\d+\}\]$/),
      'inbox 1 follow.received',
    ]);
  });

  withProgram('psql')('psql publishes, and reads an inbox', async () => {
    const psql = (file: string, url: string, ...more: string[]) =>
      output('psql', [url, '-X', '-At', '-v', 'ON_ERROR_STOP=1', ...more, '-f', example(`psql/${file}`)]);
    const published = await psql('publish.sql', environment['DATABASE_URL']!);
    expect(published.filter((line) => line === '<id>')).toHaveLength(2);
    const user = newId();
    const read = await psql('read.sql', readerUrl, '-v', `user=${user}`);
    expect(read).toEqual(expect.arrayContaining(['0', 'security.alert|email|t|t|t', 'post.mention|in_app|t|t|f']));
  });

  withProgram('python3')('python-service publishes, receives and is refused', async () => {
    expect(await output(await python(), [example('python-service/service.py')])).toEqual([
      'published <id>',
      'received hello from Python',
      'refused INVALID_PAYLOAD user_id',
      'state on_kafka',
    ]);
  });

  withProgram('go')('go-subscriber prints each event once', async () => {
    const program = join(scratch, 'go-subscriber');
    await run('go', ['build', '-o', program, '.'], { cwd: example('go-subscriber') });
    for (let i = 0; i < 3; i++) {
      const payload = JSON.stringify({ post_id: newId(), user_id: newId() });
      await database.pool.query('SELECT nova.nova_publish($1, $2)', ['content.post.created', payload]);
    }
    const lines = await output(program, [], { EVENTS: '3' });
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^content\.post\.\w+ <id> <id>$/);
  });
});

describe('the snippets of docs/sql.md compile and run as they stand', () => {
  /** Lines of a program that publishes a post, and then one whose author is wrong. */
  const outputs = async ({ command, args }: SnippetProgram): Promise<string[]> => {
    const more = { JDBC_URL: jdbcUrl(environment['DATABASE_URL']!) };
    const post = newId();
    const lines = [
      ...(await output(command, [...args, post, newId()], more)),
      ...(await output(command, [...args, newId(), 'no UUID'], more)),
    ];
    const { rows } = await database.pool.query(
      `SELECT FROM nova.outbox_events WHERE aggregate_id = $1 AND event_type = 'content.post.created'`,
      [post],
    );
    expect(rows).toHaveLength(1);
    return lines;
  };

  withProgram('python3')('psycopg', async () => {
    // The business table of the snippet.
    await database.pool.query('CREATE TABLE public.posts (id uuid PRIMARY KEY, author_id text, text text)');
    await database.pool.query(`GRANT INSERT ON public.posts TO "${loginOf('publisher')}"`);
    const lines = await outputs(pythonProgram(scratch, await python()));
    expect(lines).toEqual(['published <id>', 'refused INVALID_PAYLOAD user_id']);
  });

  withProgram('go')('database/sql', async () => {
    const lines = await outputs(await goProgram(scratch));
    expect(lines).toEqual(['published', expect.stringMatching(/^refused INVALID_PAYLOAD: .*user_id/)]);
  });

  withProgram(
    'java',
    'javac',
    'mvn',
  )('JDBC', async () => {
    const lines = await outputs(await javaProgram(scratch));
    expect(lines).toEqual(['published <id>', 'refused 22023 INVALID_PAYLOAD']);
  });
});
