import { type Browser, type Page } from 'playwright-core';
import { insertEvent, newId } from '../../support/events';
import { type TestConsole, pageOf, startBrowser, startConsole, violationsOf } from '../../support/console';
import { type ConsoleWorld, createConsoleWorld } from '../../support/console-world';
import { untilReady } from '../../support/own-system';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let world: ConsoleWorld;
let server: TestConsole;
let browser: Browser;

beforeAll(async () => {
  [world, browser] = await Promise.all([createConsoleWorld(), startBrowser()]);
  server = await startConsole({ ...world.environment, TEMPORAL_UI_URL: 'http://temporal.example' });
});
afterEach(() => world.database.pool.query('DELETE FROM operator_acts; DELETE FROM outbox_events'));
afterAll(async () => {
  await browser?.close();
  await server?.end();
  await world?.close();
});

const signedIn = async (role: 'read' | 'operate' | 'admin', name = 'Ada') =>
  pageOf(browser, await server.link(name, role));
const actsOf = async (id: string) =>
  (
    await world.database.pool.query<{ actor: string; command: string; reason: string | null }>(
      'SELECT actor, command, reason FROM operator_acts WHERE ids @> ARRAY[$1] ORDER BY id',
      [id],
    )
  ).rows;
const rowOf = async (id: string) =>
  (
    await world.database.pool.query<{ dead: boolean; started: boolean }>(
      `SELECT dead_lettered_at IS NOT NULL AS dead, published_at IS NOT NULL AS started FROM outbox_events WHERE id = $1`,
      [id],
    )
  ).rows[0];
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).innerText();
/** A cell of a row of a table, by the caption of the table and the head of the row. */
const cell = (page: Page, caption: string, row: string, column: number) =>
  page.getByRole('table', { name: caption }).getByRole('row').filter({ hasText: row }).getByRole('cell').nth(column);

it('shows a backlog and a dead letter by themselves, without the page being loaded again', async () => {
  const { page, complaints } = await signedIn('read');
  await page.getByText('Looked at').waitFor();
  await cell(page, 'Backlog, rows now', 'normal', 1).filter({ hasText: '0' }).waitFor();
  const aggregateId = newId();
  for (let i = 0; i < 7; i += 1)
    await insertEvent(
      world.database.pool,
      'content.post.created',
      { post_id: newId(), user_id: newId(), caption: 'x' },
      { started: false, aggregateId },
    );
  await world.poisoned();
  await page.getByText('1 dead letter').waitFor();
  const { rows } = await world.database.pool.query<{ priority: number }>(
    'SELECT DISTINCT priority FROM outbox_events WHERE dead_lettered_at IS NULL',
  );
  const priority = ['critical', 'high', 'normal', 'low'][rows[0]!.priority]!;
  await cell(page, 'Backlog, rows now', priority, 1).filter({ hasText: '7' }).waitFor();
  await cell(page, 'Hottest aggregates', aggregateId, 1).filter({ hasText: '7' }).waitFor();
  expect(await page.locator('.chart > svg polyline').count()).toBeGreaterThan(0);
  await page.getByRole('link', { name: 'See the dead letters' }).click();
  expect(await heading(page)).toBe('Dead letters');
  expect(complaints).toEqual([]);
});

it('a dead letter that is requeued in the browser is started, and the act has the name of the person', async () => {
  const id = await world.givenUp();
  const [bridge, workers] = [await world.system.startBridge(), await world.system.startWorkers()];
  await untilReady(bridge, workers);
  const { page } = await signedIn('operate', 'Grace Hopper');
  await page.goto(`${server.url}/dead-letters`);
  await page
    .getByRole('table', { name: /The newest/ })
    .getByRole('link', { name: id })
    .first()
    .click();
  const form = page.getByRole('group', { name: 'Make it pending again' });
  await form.getByLabel('Reason').fill('the publisher is repaired');
  await form.getByRole('button', { name: 'Requeue' }).click();
  await page.getByText(`${id} is pending again.`).waitFor();
  await waitFor(async () => (await rowOf(id))?.started);
  expect(await actsOf(id)).toEqual([
    { actor: 'Grace Hopper', command: 'requeue', reason: 'the publisher is repaired' },
  ]);
  await page.getByRole('link', { name: id }).first().click();
  await page.getByText(`${id} is an event: follow.added`).waitFor();
  expect(await page.getByRole('link', { name: /Temporal/ }).getAttribute('href')).toContain(
    `http://temporal.example/namespaces/`,
  );
  await workers.stop();
  await bridge.stop();
});

it('the details of a run in Temporal’s Web UI link to the story of its event here, and back', async () => {
  const editor = newId();
  const edit = { message_id: newId(), conversation_id: newId(), editor_id: editor };
  const { eventId } = await insertEvent(world.database.pool, 'message.edited', edit, { started: false });
  await world.system.startBridge({ CONSOLE_URL: server.url });
  await waitFor(async () => (await rowOf(eventId))?.started);
  const client = await createTestClient();
  const details = await (await client.workflow.getHandle(eventId).describe()).staticDetails();
  await client.connection.close();
  const { page } = await signedIn('read');
  await page.goto(/\[the console\]\((\S+)\)/.exec(details ?? '')?.[1] ?? 'about:blank');
  await page.getByRole('heading', { name: `${eventId} is an event: message.edited` }).waitFor();
  const back = await page.getByRole('link', { name: 'Its runs in Temporal' }).getAttribute('href');
  expect(decodeURIComponent(back ?? '')).toContain(`WorkflowId STARTS_WITH "${eventId}"`);
  await page.goto(`${server.url}/search?id=${editor}`);
  const caused = await page.getByRole('link', { name: 'caused by this person' }).getAttribute('href');
  expect(decodeURIComponent(caused ?? '')).toContain(`ActorId = "${editor}"`);
});

it('shows what a payload has as text, whatever it is, and writes down who read it', async () => {
  const evil = `<script>document.title = 'taken'</script><img src=x onerror="document.title='taken'">`;
  const id = await world.poisoned({ content: evil });
  await world.database.pool.query('UPDATE outbox_events SET last_error = $2 WHERE id = $1', [
    id,
    `INVALID_PAYLOAD: ${evil}`,
  ]);
  const { page, complaints } = await signedIn('operate', `<b>Eve</b>`);
  for (const path of ['/dead-letters', `/dead-letters/${id}`, `/search?id=${encodeURIComponent(evil)}`, '/stuck']) {
    await page.goto(`${server.url}${path}`);
    await page.getByText('<script>').first().waitFor();
    expect(await page.locator('main script, main img, header b').count()).toBe(0);
  }
  await page.goto(`${server.url}/dead-letters/${id}`);
  const form = page.getByRole('group', { name: 'Read its payload' });
  await form.getByLabel('Reason').fill('<i>why</i>');
  await form.getByRole('button').click();
  const payload = page.getByRole('region', { name: 'Payload' });
  expect(JSON.parse(await payload.innerText())).toMatchObject({ content: evil });
  expect(await page.locator('main script, main img').count()).toBe(0);
  expect(await page.title()).toBe(`Payload of ${id} · Nova console`);
  expect(await actsOf(id)).toEqual([{ actor: '<b>Eve</b>', command: 'dead-letters read', reason: '<i>why</i>' }]);
  await page.goto(`${server.url}/acts`);
  await page.getByText('<i>why</i>').waitFor();
  expect(await page.locator('main i, main b').count()).toBe(0);
  expect(complaints).toEqual([]);
});

it('a reader sees no form that acts', async () => {
  const id = await world.poisoned();
  const { page } = await signedIn('read');
  for (const path of [`/dead-letters/${id}`, '/pauses', '/replays']) {
    await page.goto(`${server.url}${path}`);
    expect(await page.locator('main form[method=post]').count()).toBe(0);
  }
});

it('everything can be done with the keyboard alone', async () => {
  const id = await world.poisoned();
  const { page } = await signedIn('operate');
  await page.goto(`${server.url}/dead-letters/${id}`);
  await page.keyboard.press('Tab');
  expect(await page.locator(':focus').innerText()).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.locator(':focus').getAttribute('id')).toBe('main');
  const focused = () =>
    page.evaluate<string>('`${document.activeElement.id}|${document.activeElement.textContent.trim()}`');
  const seen: string[] = [];
  while (!(await focused()).startsWith('discard-reason')) {
    expect(seen.length).toBeLessThan(40);
    await page.keyboard.press('Tab');
    seen.push(await focused());
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).not.toBe('none');
  }
  await page.keyboard.type('worthless');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText(`${id} is discarded.`).waitFor();
  expect(await rowOf(id)).toBeUndefined();
  expect(await actsOf(id)).toEqual([{ actor: 'Ada', command: 'dead-letters discard', reason: 'worthless' }]);
});

it('an event type is paused and goes on again', async () => {
  const { page } = await signedIn('operate');
  await page.goto(`${server.url}/pauses`);
  const pause = page.getByRole('group', { name: 'Hold something back' });
  await pause.getByLabel('Event type').fill('follow.added');
  await pause.getByLabel('Reason').fill('incident 9');
  await pause.getByRole('button').click();
  await page.getByText('follow.added is paused (main)').waitFor();
  await page.getByRole('link', { name: 'Back' }).click();
  expect(await cell(page, 'Paused by hand', 'follow.added', 1).innerText()).toBe('Ada');
  const resume = page.getByRole('group', { name: 'Let something go on' });
  await resume.getByLabel('What').fill('follow.added');
  await resume.getByRole('button').click();
  await page.getByText('follow.added goes on (main)').waitFor();
  // Said here as by the command: what was resumed waits all the same.
  await world.database.pool.query(
    `INSERT INTO outbox_pauses VALUES ('*', 'incident 9', 'ada', clock_timestamp(), clock_timestamp() + interval '1 hour')`,
  );
  await page.goto(`${server.url}/pauses`);
  await resume.getByLabel('What').fill('follow.added');
  await resume.getByRole('button').click();
  await page.getByText('follow.added is not paused by hand').waitFor();
  await page.getByText('waits all the same: every event type is paused: npx nova resume all').waitFor();
  await world.database.pool.query('DELETE FROM outbox_pauses');
  // Everything is for an admin.
  await page.goto(`${server.url}/pauses`);
  await pause.getByLabel('Event type').fill('all');
  await pause.getByLabel('Reason').fill('incident 9');
  await pause.getByRole('button').click();
  await page.getByText('to pause everything takes the role admin').waitFor();
});

describe('a checker of accessibility', () => {
  it.each(['light', 'dark'] as const)('finds nothing on any page in %s', async (colorScheme) => {
    const id = await world.poisoned();
    await insertEvent(
      world.database.pool,
      'content.post.created',
      { post_id: newId(), user_id: newId(), caption: 'x' },
      { started: false },
    );
    await world.database.pool.query(
      `INSERT INTO replay_plans (name, filter, reason, requested_by) VALUES ('incident-9-${colorScheme}', '{}', 'x', 'Ada')`,
    );
    const { page } = await pageOf(browser, await server.link('Ada', 'admin'), { colorScheme });
    await page.getByText('1 dead letter').waitFor();
    const found: Record<string, string[]> = {};
    for (const path of [
      ...['/', '/dead-letters', `/dead-letters/${id}`, '/stuck', '/search', `/search?id=${id}`],
      ...['/replays', `/replays/incident-9-${colorScheme}`, '/pauses', '/acts'],
    ]) {
      await page.goto(`${server.url}${path}`);
      found[path] = await violationsOf(page);
    }
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    await page.context().clearCookies();
    await page.goto(await server.link('Ada', 'read'));
    expect(await violationsOf(page)).toEqual([]);
  });
});
