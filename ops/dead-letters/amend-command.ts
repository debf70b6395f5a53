import { actOf } from '../acts/acts';
import { faultOfPayload, whyNotAmended } from './amend';
import { mayGo } from '../terminal/confirm';
import { type Connections } from '../connections';
import { type Letter, lettersOfIds, payloadHash, readPayload, writePayload } from './desk';
import { type OutboxAway } from '../outboxes';
import { payloadDiff } from './payload-diff';
import { type EditOptions, editedPayload } from './payload-edit';
import { requeueAnywhere } from './requeue-anywhere';

export interface AmendOptions extends EditOptions {
  readonly reason: string;
  readonly requeue?: boolean;
  readonly yes: boolean;
  readonly json?: boolean;
}

interface Amended {
  readonly refused: string | null;
  /** Lines of values that differ; they may hold content of people. */
  readonly diff: readonly string[];
  readonly amended: boolean;
  readonly requeued: boolean;
}

/**
 * Reads the payload, has it corrected, checks it as a bridge would, shows what differs, asks, and writes it. Exit code 1 when nothing was
 * changed, or not requeued though that was wanted. Returns the outboxes that could not be asked.
 */
export async function amendCommand(
  connections: Connections,
  id: string,
  options: AmendOptions,
): Promise<readonly OutboxAway[]> {
  const { letters, refused, away } = await lettersOfIds(connections.outboxes, [id]);
  const [letter, twin] = letters;
  const result =
    letter === undefined || twin !== undefined
      ? none(refused[0]?.why ?? 'it has several rows: name the outbox with --outbox, or discard the duplicate')
      : await amend(connections, letter, options);
  if (options.json === true) console.log(JSON.stringify(result));
  else for (const line of linesOf(id, result, options)) console.log(line);
  if (!result.amended || (options.requeue === true && !result.requeued)) process.exitCode = 1;
  return away;
}

const none = (refused: string | null, diff: readonly string[] = []): Amended => ({
  ...{ refused, diff },
  ...{ amended: false, requeued: false },
});

async function amend(connections: Connections, letter: Letter, options: AmendOptions): Promise<Amended> {
  const { outboxes, actor, config } = connections;
  const { reason } = options;
  const pool = outboxes.of(letter);
  const why = await whyNotAmended(connections, letter);
  if (why !== null) return none(why);
  const act = actOf({ actor, command: 'dead-letters amend', reason, planned: 1 });
  const before = await readPayload(pool, letter, act);
  const after = editedPayload(before, options, config.editor === '' ? undefined : config.editor);
  const diff = payloadDiff(before, after);
  if (diff.length === 0) return none('nothing differs');
  const fault = faultOfPayload(letter, after);
  if (fault !== null) return none(`it would be a dead letter again: ${fault}`, diff);
  if (options.json !== true) console.log(diff.join('\n'));
  if (!(await mayGo(`write this payload of ${letter.eventType}?`, options))) return none(null, diff);
  const was = await payloadHash(pool, before);
  if (!(await writePayload(pool, letter, { was, payload: after, act })))
    return none('it was amended, requeued or discarded meanwhile: repeat', diff);
  const requeued = options.requeue === true && (await requeueOne(connections, letter, reason));
  return { refused: null, diff, amended: true, requeued };
}

async function requeueOne(connections: Connections, { id }: Letter, reason: string): Promise<boolean> {
  const { done } = await requeueAnywhere(connections, [id], { neverRan: false, reason });
  return done.requeued.length > 0;
}

function linesOf(id: string, { refused, diff, amended, requeued }: Amended, options: AmendOptions): string[] {
  if (refused !== null) return [...(amended ? [] : diff), `${id} is not amended: ${refused}`];
  if (!amended) return [];
  const next = requeued ? 'requeued' : options.requeue === true ? 'not requeued' : `next: npx nova requeue ${id}`;
  return [`amended; ${next}`];
}
