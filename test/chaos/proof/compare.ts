import { kafkaHeaders } from '../../../contracts/kafka';
import { expectationOf } from '../../../proof/checks/expectation';
import { judge, type Promised, sentencesOf } from '../../../proof/checks/judge';
import { groupBy } from '../../../runtime/group-by';
import { type FaultRecord, type ProofRow } from '../types';
import { bridgeTrouble } from './bridge-trouble';
import { type Evidence } from './evidence';
import { halfCommitted } from './halves';
import { subscribersKept } from './heard';
import { type Line, lineOf, lines } from './lines';
import { ofAnotherOutbox } from './per-outbox';
import { brokenByLost, withoutLost, withoutLostClaims } from './restored';
import { proofRow } from './row';
import { rolledBackButHeard, strangers } from './unheard';

/** Every promise, compared with what the servers say, and what only a chaos run can know. A pure function of the evidence. */
export function compare(evidence: Evidence): ProofRow[] {
  const { truth, books, faults } = evidence;
  const expected = withoutLostClaims(expectationOf(truth, books.reachable), evidence);
  const judged = withoutLost(evidence, expected.media.isGone);
  const judgement = judge(expected, judged, (markedAtMs, storedAtMs) => isExplained(faults, markedAtMs, storedAtMs));
  const ofLost = brokenByLost(expected, evidence);
  const allowed = brokenBy(faults);
  const all = Object.keys(lineOf) as Promised[];
  return lines.map((line) => {
    const others = all.filter((promised) => lineOf[promised] !== line);
    return proofRow(line, examined[line](evidence), [
      ...sentencesOf(judgement, [...others, ...allowed]),
      ...(ownKnowledge[line]?.(evidence) ?? []),
      ...(ofLost[line] ?? []),
    ]);
  });
}

/** What the writers, the subscribers, the locks and the bridges know, and no other run asks. */
const ownKnowledge: Partial<Record<Line, (evidence: Evidence) => readonly string[]>> = {
  'rolled back, yet heard of': rolledBackButHeard,
  'transactions happened whole or not at all': halfCommitted,
  'leases leaked': ({ held }) => held,
  'subscribers’ order': subscribersKept,
  'duplicate starts': ofAnotherOutbox,
  unexplained: (evidence) => [...evidence.bridges.flatMap(bridgeTrouble), ...strangers(evidence)],
};

/** How many cases a line looked at: a proof over nothing is no proof. */
const examined: Record<Line, (evidence: Evidence) => number> = {
  lost: ({ truth }) => truth.events.length,
  'duplicate starts': ({ runs }) => runs.length,
  'duplicate effects': ({ notices, mails, links, messages }) =>
    notices.length + mails.length + links.length + messages.length,
  'out of order on Kafka': ({ messages }) => messages.length,
  'resurrected deletes': ({ truth }) => {
    const gone = (items: ReadonlyMap<string, { status?: string; deleted?: boolean }>) =>
      [...items.values()].filter(({ status, deleted }) => status === 'deleted' || deleted === true).length;
    return gone(truth.posts) + gone(truth.messages) + truth.gone.size;
  },
  'rolled back, yet heard of': ({ truth }) => truth.rolledBack.size,
  'transactions happened whole or not at all': ({ books }) => books.transactions.length,
  'leases leaked': ({ rows, deliveries }) => rows.length + deliveries.length,
  'subscribers’ order': ({ handlings }) => handlings.length,
  unexplained: ({ rows, runs, deliveries }) => rows.length + runs.length + deliveries.length,
};

/** How long after a fault its consequences may reach: the limit of an emitter's transaction. */
const reachMs = 20_000;

/** An emitter that was held up between reading and sending may send after another marked, which needs a fault at that time. */
function isExplained(faults: readonly FaultRecord[], markedAtMs: number, storedAtMs: number): boolean {
  return faults.some(
    ({ fault, beganAtMs, endedAtMs }) =>
      fault.target !== 'bridge' && beganAtMs - reachMs <= storedAtMs && endedAtMs + reachMs >= markedAtMs,
  );
}

/**
 * After Redis was wiped the cache fills again as it is asked; then only what it has must be right. One that went back in
 * time has pages open again that were closed.
 */
function brokenBy(faults: readonly FaultRecord[]): Promised[] {
  const dealt = new Set(faults.map(({ fault }) => fault.kind));
  return [
    ...(dealt.has('wipe') ? (['posts.uncached'] as const) : []),
    ...(dealt.has('wipe') || dealt.has('rollback') ? (['posts.open'] as const) : []),
  ];
}

/** What is worth knowing and breaks no promise, in words. */
export function notesOn({ books, marks, messages, deliveries }: Evidence): string[] {
  const { events, copies } = copiesOnKafka(messages);
  const unknown = deliveries.filter(({ state }) => state === 'unknown').length;
  const doubtful = books.transactions.filter(({ fate }) => fate === 'in doubt');
  const happened = doubtful.filter(({ tx }) => marks.has(tx)).length;
  return [
    `${copies} copies of ${events} events came to Kafka again, before their mark was written (at least once)`,
    `${unknown} e-mails may have arrived or not: their sender died or lost the reply, and they were not sent again`,
    `of ${doubtful.length} transactions whose COMMIT got no reply, ${happened} had happened`,
  ];
}

/** Events with more than one message, and how many too many. */
function copiesOnKafka(messages: Evidence['messages']): { events: number; copies: number } {
  const counts = [...groupBy(messages, ({ headers }) => headers[kafkaHeaders.eventId] ?? '').values()];
  const several = counts.filter(({ length }) => length > 1);
  return { events: several.length, copies: several.reduce((sum, { length }) => sum + length - 1, 0) };
}
