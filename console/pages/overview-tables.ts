import { type OutboxesReport, livingBridge } from '../../ops/status/outbox-report';
import { queueRows } from '../../ops/status/status-print';
import { type Status } from '../../ops/status/status-said';
import { ageText } from '../../ops/terminal/columns';
import { livingWorker } from '../../runtime/worker-processes';
import { type Html } from '../html/page';
import { table } from '../html/table';
import { bad, good, linked, time } from '../html/words';

const notAsked = 'The outboxes could not be asked.';

export const serversTable = ({ servers }: Status): Html =>
  table({
    caption: 'Servers',
    head: ['server', 'where', 'setting', 'state'],
    rows: servers.map(({ server, at, setting, says, failed }) => [
      ...[server, at, setting],
      failed === null
        ? good(says === null || says === '' ? 'replies' : `replies: ${says}`)
        : bad(`no reply: ${failed}`),
    ]),
    empty: 'No server is known.',
  });

/** A bridge works, or says why not; one that is gone says what it did when it was seen last. */
function stateOf(bridge: OutboxesReport['bridges'][number]): Html {
  const { state, reason, seenSecondsAgo } = bridge;
  if (!livingBridge(bridge)) return bad(`gone: seen last ${ageText(seenSecondsAgo)} ago`);
  const text = reason === null ? state : `${state}: ${reason}`;
  return state === 'outage' || state === 'refused' ? bad(text) : good(text);
}

export const bridgesTable = ({ bridges }: Status): Html =>
  table({
    caption: 'Bridges by outbox',
    head: ['bridge', 'outbox', 'state', 'seen'],
    rows: (bridges ?? []).map((one) => [
      ...[one.instance, one.outbox, stateOf(one), `${ageText(one.seenSecondsAgo)} ago`],
    ]),
    empty: bridges === undefined ? notAsked : 'No bridge has reported within the last hour.',
  });

/** Living workers of each queue, and the processes that are gone. */
export function queuesTable({ taskQueues, workers = [] }: Status): Html {
  const rows = queueRows(taskQueues ?? [], workers).map(
    ([queue = '', living = '', waiting = '', oldest = '', fault]) => [
      ...[queue, living, waiting, oldest],
      fault === undefined || fault === '' ? good('is served') : bad(fault),
    ],
  );
  const gone = workers
    .filter((one) => !livingWorker(one))
    .map(({ instance, seenSecondsAgo }) => [
      ...[`process ${instance}`, '0', '–', '–', bad(`gone: seen last ${ageText(seenSecondsAgo)} ago`)],
    ]);
  return table({
    caption: 'Workers by task queue',
    head: ['task queue', 'workers', 'tasks wait', 'oldest', 'state'],
    rows: [...rows, ...gone],
    empty: 'Temporal could not be asked for its task queues.',
  });
}

export function pausedTable({ bridges }: Status): Html {
  const paused = (bridges ?? [])
    .filter(livingBridge)
    .flatMap(({ outbox, pausedTypes }) => Object.entries(pausedTypes).map((one) => [outbox, ...one] as const));
  const unique = new Map(paused.map(([outbox, type, why]) => [`${outbox} ${type}`, [type, outbox, why] as const]));
  return table({
    caption: 'Paused event types',
    head: ['event type', 'outbox', 'why'],
    rows: [...unique.values()],
    empty: bridges === undefined ? notAsked : 'No event type is paused.',
  });
}

export const hotTable = ({ hottest }: Status): Html =>
  table({
    caption: 'Hottest aggregates',
    head: ['aggregate', 'outbox', 'rows that wait', 'the first of them', 'since'],
    rows: (hottest ?? []).map(({ aggregateId, aggregateType, outbox, rows, head, eventType, since }) => [
      linked(`${aggregateType} ${aggregateId}`),
      ...[outbox, rows, linked(`${eventType} ${head}`), time(since)],
    ]),
    empty: hottest === undefined ? notAsked : 'No aggregate has two rows that wait.',
  });

export const findingsTable = ({ findings }: Status): Html =>
  table({
    caption: 'Open findings',
    head: ['kind', 'outbox', 'count'],
    rows: (findings ?? []).map(({ kind, outbox, count }) => [kind, outbox ?? '–', count]),
    empty: findings === undefined ? 'State could not be asked.' : 'No finding is open.',
  });
