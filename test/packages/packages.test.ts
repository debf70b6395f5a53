import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { compile, consumers } from './consumers';
import { snippets } from './snippets';
import {
  bytesIn,
  emptyFolder,
  entriesOf,
  install,
  installedIn,
  packInto,
  packageFolders,
  repository,
  run,
  sameVersion,
} from './workshop';

/** Judges of packages, in a folder of their own: they bring a compiler of their own. */
const judges = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'];

let folder: Awaited<ReturnType<typeof emptyFolder>>;
let tarballs: string[];
const at = (...names: string[]) => join(folder.path, ...names);

beforeAll(async () => {
  folder = await emptyFolder();
  tarballs = await packInto(folder.path);
});
afterAll(() => folder.remove());

describe('the packages, packed as they are published', () => {
  it('have nothing that publint or arethetypeswrong complain of', async () => {
    await install(at('judges'), judges);
    const judge = (name: string, ...args: string[]) => run(at('judges', 'node_modules/.bin', name), args, folder.path);
    for (const tarball of tarballs) {
      expect(await judge('publint', 'run', tarball, '--strict')).toContain('All good');
      // What it leaves out: resolution of TypeScript before 4.7, which knows no `exports`.
      await expect(judge('attw', tarball, '--profile', 'node16', '--no-color')).resolves.toContain('node16 (from CJS)');
    }
  });

  it.each([
    [
      'of a folder in an ES module',
      { 'index.mjs': `import './lib';`, 'lib/index.js': '' },
      'ERR_UNSUPPORTED_DIR_IMPORT',
    ],
    ['of a file that is not there in CommonJS', { 'index.cjs': `require('./gone.cjs');` }, './gone.cjs'],
    [
      'of types that are not there',
      { 'index.d.mts': `export * from './gone.mjs';` },
      'imports the types of ./gone.mjs',
    ],
    ['of nothing that is missing', {}, 'is fine'],
  ])('are checked by npm pack: an import %s', async (_, files, fault) => {
    const built = at('built', randomUUID());
    const entry = { import: './dist/index.mjs', require: './dist/index.cjs' };
    const all = { 'index.mjs': '', 'index.cjs': '', 'index.d.mts': '', 'index.d.cts': '', ...files };
    for (const [file, text] of Object.entries(all)) {
      await mkdir(dirname(join(built, 'dist', file)), { recursive: true });
      await writeFile(join(built, 'dist', file), text);
    }
    await writeFile(join(built, 'package.json'), JSON.stringify({ name: 'built', exports: { '.': entry } }));
    const checked = await run(process.execPath, [join(repository, 'dev/packages/check-built.mjs')], built).then(
      () => 'is fine',
      String,
    );
    expect(checked).toContain(fault);
  });

  it('are checked in the step before npm pack packs', async () => {
    for (const folder of packageFolders) {
      const text = await readFile(join(repository, folder, 'package.json'), 'utf8');
      const { scripts } = JSON.parse(text) as { scripts: Record<string, string> };
      expect(scripts['prepack']).toContain('&& node ../dev/packages/check-built.mjs &&');
    }
  });

  it('carry the licence and their page', async () => {
    const licence = await readFile(join(repository, 'LICENSE'), 'utf8');
    for (const tarball of tarballs) {
      const files = (await run('tar', ['-tzf', tarball], folder.path)).split('\n');
      expect(files).toEqual(expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/package.json']));
      expect(await run('tar', ['-xzOf', tarball, 'package/LICENSE'], folder.path)).toBe(licence);
    }
  });

  it('cost a publisher at most 10 MB, pg and its types included, and nothing of Temporal, Kafka or Redis', async () => {
    await install(at('publisher'), [...tarballs, await sameVersion('pg'), await sameVersion('@types/pg')]);
    const names = await installedIn(at('publisher'));
    expect(names.filter((name) => !/^(pg|postgres|@types\/|split2|xtend|undici-types)/.test(name))).toEqual([
      '@nova-side-effects/client',
      '@nova-side-effects/contracts',
      'uuidv7',
      'zod',
    ]);
    expect(await bytesIn(at('publisher', 'node_modules'))).toBeLessThanOrEqual(10 * 1024 * 1024);
    expect(await bytesIn(at('publisher', 'node_modules/@nova-side-effects'))).toBeLessThanOrEqual(512 * 1024);
    const withoutPeers = ['', '/publish', '/testing', '/inbox', '/preferences', '/nudge'];
    const requires = withoutPeers.map((entry) => `require('@nova-side-effects/client${entry}');\n`);
    await writeFile(at('publisher', 'publisher.cjs'), requires.join(''));
    await run(process.execPath, ['publisher.cjs'], at('publisher'));
  });
});

describe('a service with the packages and what they need beside them', () => {
  let database: TestDatabase;
  let files: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const beside = ['pg', '@types/pg', '@types/node', 'ioredis', 'kafkajs', '@temporalio/client'];
    await install(at('service'), [...tarballs, ...(await Promise.all(beside.map(sameVersion)))]);
    const entries = [...(await entriesOf('contracts')), ...(await entriesOf('client'))];
    const imports = entries.map((entry, i) => `import * as entry${i} from '${entry}';`);
    const all = `${imports.join('\n')}\nfor (const entry of [${entries.map((_, i) => `entry${i}`).join(', ')}]) console.log(Object.keys(entry).length > 0);\n`;
    const texts = (await snippets('compiled')).map(({ name, code }) => [`${name}.ts`, code] as const);
    files = { 'entries.ts': all, ...Object.fromEntries(texts), 'run.ts': runSnippet };
  });
  afterAll(() => database.drop());

  it('finds snippets in the documents, each with a name of its own', async () => {
    const names = (await snippets('compiled')).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['create-post', 'check-an-event']));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(consumers)('$name compiles every entry and every snippet of the documents', async (consumer) => {
    await expect(compile(at('service'), consumer, files, false)).resolves.toBeDefined();
  });

  it.each(consumers.slice(0, 2))('$name runs: every entry loads, and each snippet publishes', async (consumer) => {
    const out = await compile(at('service'), consumer, files, false);
    const loaded = await run(process.execPath, ['entries.js'], out);
    expect(loaded.trim().split('\n')).toEqual(Object.keys(loaded.trim().split('\n')).map(() => 'true'));
    const post = { post_id: randomUUID(), user_id: randomUUID(), caption: consumer.name };
    const environment = { DATABASE_URL: database.urls.publisher };
    const written = await run(process.execPath, ['run.js', JSON.stringify(post)], out, environment);
    const created = expect.objectContaining({
      aggregate_id: post.post_id,
      event_type: 'content.post.created',
      payload: expect.objectContaining(post) as unknown,
    }) as unknown;
    const deleted = expect.objectContaining({
      aggregate_id: post.post_id,
      event_type: 'content.post.deleted',
    }) as unknown;
    const { rows } = await database.pool.query(
      'SELECT * FROM nova.outbox_events WHERE aggregate_id = $1 ORDER BY sequence',
      [post.post_id],
    );
    // The page of the client, the README, docs/for-services.md, and its delete.
    expect(rows).toEqual([created, created, created, deleted]);
    expect(written.trim()).toBe('4 snippets ran');
  });
});

/** The snippets that publish, each as a service would run it, on tables of its own. */
const runSnippet = `
import { Pool, type PoolClient } from 'pg';
import { createPost } from './create-post.js';
import { snippet as readme } from './readme-publish.js';
import { snippet as services } from './services-publish.js';
import { snippet as remove } from './services-delete.js';

const post: { post_id: string; user_id: string; caption: string } = JSON.parse(process.argv[2] ?? '');
const pool = new Pool({ connectionString: process.env['DATABASE_URL'] });
const workflows = { getHandle: () => { throw new Error('no workflow runs yet, so none is signalled'); } };

async function main() {
  await createPost(post);
  const tx: PoolClient = await pool.connect();
  await tx.query('CREATE TEMPORARY TABLE posts (id uuid, author uuid, caption text)');
  await readme(tx, post.post_id, post.user_id, post.caption);
  await services(tx, post.post_id, post.user_id, post.caption);
  await tx.query('BEGIN');
  await remove(tx, pool, workflows as never, post.post_id, post.user_id);
  const left = await tx.query('SELECT FROM posts');
  if (left.rowCount !== 0) throw new Error('the delete left ' + left.rowCount + ' rows');
  console.log('4 snippets ran');
  process.exit(0);
}
void main();
`;
