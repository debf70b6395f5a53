import { NovaError } from '../../../contracts/failures';
import { type Why } from '../../../ops/why/why';
import { type AuditWorld, createAuditWorld } from '../../support/audit-world';
import { insertEvent, newId } from '../../support/events';
import { waitFor } from '../../support/wait-for';

let world: AuditWorld;
beforeAll(async () => {
  world = await createAuditWorld();
});
afterAll(() => world.close());

/** An edit by this person, which is started and waits for Kafka when `waits`. */
async function editedBy(editor: string | undefined, waits = false) {
  const [type, by] = editor === undefined ? ['message.deleted', {}] : ['message.edited', { editor_id: editor }];
  const ref = await insertEvent(
    world.database.pool,
    type as 'message.edited',
    { message_id: newId(), conversation_id: newId(), ...by } as never,
    { started: false },
  );
  if (waits) world.failing.set(ref.eventId, new NovaError('KAFKA_UNAVAILABLE', 'gone'));
  return ref.eventId;
}
const listed = (query: string, count: number) =>
  waitFor(async () => (await world.client.workflow.count(query)).count === count, { what: query });
const actorOf = async (id: string) =>
  (await world.client.workflow.getHandle(id).describe()).searchAttributes['ActorId'] ?? null;

it('the runs of what a person did are listed by their id alone, open ones first, replays too', async () => {
  const [editor, other] = [newId(), newId()];
  const waiting = await editedBy(editor, true);
  const lost = await editedBy(editor, true);
  const [done, ofOther, ofNoOne] = [await editedBy(editor), await editedBy(other), await editedBy(undefined)];
  const { bridge } = world.bridge();
  await bridge.start();
  const started = [waiting, lost, done, ofOther, ofNoOne];
  await waitFor(async () => (await world.rows.byIds(started)).every(({ publishedUs }) => publishedUs !== null));
  await bridge.stop();
  await world.client.workflow.getHandle(done).result();
  await world.client.workflow.getHandle(lost).terminate('operator');
  expect(await Promise.all(started.map(actorOf))).toEqual([[editor], [editor], [editor], [other], null]);
  await listed(`ActorId = '${editor}' AND ExecutionStatus = 'Terminated'`, 1);
  await listed(`ActorId = '${editor}' AND ExecutionStatus = 'Completed'`, 1);

  const ended = await world.ops('why', editor, '--json');
  const why = JSON.parse(ended.stdout) as Why;
  expect({ code: ended.code, verdict: why.verdict }).toEqual({ code: 1, verdict: `${editor} is a person` });
  const caused = why.checks.filter(({ check }) => check === 'caused');
  expect(caused.map(({ ok }) => ok).sort()).toEqual([false, true, true]);
  expect(caused[0]?.says).toMatch(new RegExp(`^message.edited, started 20\\S+Z, is open: ${waiting}$`));
  expect(caused).toContainEqual({
    ...{ check: 'caused', ok: false, cure: `npx nova why ${lost}` },
    says: expect.stringMatching(new RegExp(`is terminated: ${lost}$`)) as string,
  });

  world.failing.clear();
  expect(await world.ops('replay', lost, '--yes')).toMatchObject({ code: 0 });
  await world.client.workflow.getHandle(`${lost}/replay-1`).result();
  expect(await actorOf(`${lost}/replay-1`)).toEqual([editor]);
  await listed(`ActorId = '${editor}' AND ExecutionStatus = 'Completed'`, 3);
  const replayed = await world.ops('why', editor);
  // The run that was terminated is made up for: it is no reason to look any more.
  expect(replayed).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`is completed: ${lost}/replay-1`) as string,
  });
  expect(replayed.stdout).toMatch(new RegExp(`· +caused .* is terminated: ${lost}\n`));
});
