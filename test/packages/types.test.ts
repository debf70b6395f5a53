import { join } from 'node:path';
import { compile, consumers } from './consumers';
import { snippets } from './snippets';
import { emptyFolder, install, packInto, sameVersion } from './workshop';

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

let folder: Awaited<ReturnType<typeof emptyFolder>>;

beforeAll(async () => {
  folder = await emptyFolder();
  const same = await Promise.all(['pg', '@types/pg', '@types/node'].map(sameVersion));
  await install(folder.path, [...(await packInto(folder.path)), ...same, ...orms]);
});
afterAll(() => folder.remove());

it('publish refuses what is misspelt when it is compiled', async () => {
  await compile(join(folder.path), consumers[0], { 'misspelt.ts': misspelt });
});

it('the recipes for ORMs compile against their libraries', async () => {
  const recipes = await snippets('recipe');
  const names = recipes.map(({ name }) => name).sort();
  expect(names).toEqual(['drizzle', 'kysely', 'knex', 'postgres-js', 'prisma', 'typeorm'].sort());
  const files = Object.fromEntries(recipes.map(({ name, code }) => [`${name}.ts`, code]));
  await compile(folder.path, consumers[1], files, false);
});
