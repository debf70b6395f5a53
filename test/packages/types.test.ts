import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestDatabase, createTestDatabase } from '../support/database';
import { compile, consumers } from './consumers';
import { snippets } from './snippets';
import { emptyFolder, install, packInto, run, sameVersion } from './workshop';

/** What the recipes are written for. */
const orms = ['kysely@0.28.19', 'drizzle-orm@0.45.4', 'knex@3.3.0', 'typeorm@1.1.1', 'postgres@3.4.9'];

/** Each marked line is an error, and no other: an error that does not come is one as well. */
const misspelt = `
import { publish, publishMany, type Transaction } from '@nova-side-effects/client';
import { recordingTransaction } from '@nova-side-effects/client/testing';
import { type Client } from 'pg';
declare const tx: Transaction;
declare const pg: Client;
const post = { post_id: '', user_id: '' };

export async function right() {
  await publish(pg, { type: 'content.post.created', payload: { ...post, caption: 'hi' } });
  await publishMany(tx, [{ type: 'content.post.created', payload: { ...post, caption: 'hi' } }]);
  const [event] = recordingTransaction().eventsOf('content.post.created');
  return event?.payload.caption.length;
}

export async function wrong() {
  // @ts-expect-error a misspelt optional field
  await publish(tx, { type: 'content.post.created', payload: { ...post, capton: 'hi' } });
  // @ts-expect-error the same of one of many
  await publishMany(tx, [{ type: 'content.post.created', payload: { ...post, capton: 'hi' } }]);
  // @ts-expect-error a field is missing
  await publish(tx, { type: 'content.post.created', payload: { post_id: '' } });
  // @ts-expect-error no such type
  await publish(tx, { type: 'content.post.creatd', payload: post });
  // @ts-expect-error no such priority
  await publish(tx, { type: 'content.post.created', payload: post, priority: 'urgent' });
  // @ts-expect-error no number
  return recordingTransaction().eventsOf('content.post.created')[0]?.payload.caption.toFixed();
}
`;

/** Runs each recipe with its library; Prisma's client is made of a service's own schema by a program that is fetched elsewhere. */
const runRecipes = `
import 'reflect-metadata';
import { drizzle } from 'drizzle-orm/node-postgres';
import { knex } from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import postgres from 'postgres';
import { DataSource } from 'typeorm';
import { snippet as viaDrizzle } from './drizzle.js';
import { snippet as viaKnex } from './knex.js';
import { snippet as viaKysely } from './kysely.js';
import { snippet as viaPostgresJs } from './postgres-js.js';
import { snippet as viaTypeorm } from './typeorm.js';

const url = process.env['DATABASE_URL'] ?? '';
const posts: Record<string, { post_id: string; user_id: string }> = JSON.parse(process.argv[2] ?? '');
const post = (name: string) => posts[name]!;

async function main() {
  const pool = new Pool({ connectionString: url });
  await viaKysely(new Kysely<{ posts: { id: string } }>({ dialect: new PostgresDialect({ pool }) }), post('kysely'));
  await viaDrizzle(drizzle(pool), post('drizzle'));
  await viaKnex(knex({ client: 'pg', connection: url }), post('knex'));
  await viaTypeorm(await new DataSource({ type: 'postgres', url }).initialize(), post('typeorm'));
  await viaPostgresJs(postgres(url), post('postgres-js'));
  process.exit(0);
}
void main();
`;

let folder: Awaited<ReturnType<typeof emptyFolder>>;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await emptyFolder();
  const same = await Promise.all(['pg', '@types/pg', '@types/node'].map(sameVersion));
  await install(folder.path, [...(await packInto(folder.path)), ...same, ...orms]);
});
afterAll(async () => {
  await database.drop();
  await folder.remove();
});

it('publish refuses what is misspelt when it is compiled', async () => {
  await compile(join(folder.path), consumers[0], { 'misspelt.ts': misspelt });
});

it('the recipes for ORMs compile against their libraries, and write the same row with each', async () => {
  const recipes = await snippets('recipe');
  const names = recipes.map(({ name }) => name).sort();
  expect(names).toEqual(['drizzle', 'kysely', 'knex', 'postgres-js', 'prisma', 'typeorm'].sort());
  const files = Object.fromEntries(recipes.map(({ name, code }) => [`${name}.ts`, code]));
  const out = await compile(folder.path, consumers[1], { ...files, 'run-recipes.ts': runRecipes }, false);
  const newPost = (): object => ({ post_id: randomUUID(), user_id: randomUUID(), caption: '{"a": "text"}' });
  const posts = Object.fromEntries(names.filter((name) => name !== 'prisma').map((name) => [name, newPost()]));
  await run(process.execPath, ['run-recipes.js', JSON.stringify(posts)], out, {
    DATABASE_URL: database.urls.publisher,
  });
  const { rows } = await database.pool.query<{ payload: unknown }>('SELECT payload FROM nova.outbox_events');
  // An object, not a text that holds one: a driver that sends types may turn it into that.
  const written = Object.values(posts).map((post) => expect.objectContaining(post) as unknown);
  expect(rows.map(({ payload }) => payload)).toEqual(expect.arrayContaining(written));
  expect(rows).toHaveLength(written.length);
});
