import { type ServiceName, serviceNames } from '../../../proof/services';
import { acknowledgeFindings } from '../../../ops/audit/audit-findings';
import { foundEvents } from '../../../ops/replay/found-events';
import { planReplays, startReplays } from '../../../ops/replay/replay';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';
import { auditOf, openFindings } from '../audit';
import { type FaultSystem } from '../fault-system';
import { type Absence, type OutboxSnapshot } from '../outbox-database';
import { type Row } from '../rows';
import { type Scene, type Story } from '../scene';
import { settled } from '../verdict';
import { type Changes, changesOf, together } from './services';

const patienceMs = 300_000;

/** The changes of one service, and what the four others write while its outbox is away. */
async function allServices(system: FaultSystem, service: ServiceName) {
  const own = await changesOf[service](system);
  const others: Changes[] = [];
  for (const other of serviceNames) if (other !== service) others.push(await changesOf[other](system));
  const all = [own, ...others];
  return {
    own: own.rows,
    needs: all.flatMap(({ needs }) => needs),
    others: others.flatMap(({ rows }) => rows),
    expected: together(all),
  };
}

const named = (name: string, story: Story): Story => Object.defineProperty(story, 'name', { value: name });

/**
 * The database of the struck rows' outbox goes away while they are under way, and what the four other services write meanwhile has its
 * effects before it is back. A row that was sent may be sent again: its mark found no database.
 */
export const outboxAway = (service: ServiceName, how: Absence): Story =>
  named(`outbox of ${service} ${how === 'killed' ? 'is killed' : how}`, async (system): Promise<Scene> => {
    const { own, needs, others, expected } = await allServices(system, service);
    let giveBack = async (): Promise<void> => undefined;
    return {
      before: needs,
      during: own,
      then: [
        async () => {
          giveBack = await system.databases.takeAway(service, how);
          return others;
        },
        async () => {
          // Given back in any case: the other cases need it.
          await settled(system, others, patienceMs).finally(() => giveBack());
          return [];
        },
      ],
      expected: { ...expected, kafkaTwice: true },
    };
  });

/**
 * One outbox is brought back to the moment at which the second of its rows had been claimed; the third, which took effect, is lost. The four
 * other services write while it is away. Then the runbook: the sequence is raised before anyone writes, the audit names what
 * was lost and what is to be sent again, and a replay and an explanation end it.
 */
export const outboxRestored = (service: ServiceName): Story =>
  named(`outbox of ${service} is restored`, async (system): Promise<Scene> => {
    const { own, needs, others, expected } = await allServices(system, service);
    const [kept, pending, lost, later] = own;
    let snapshot: OutboxSnapshot | undefined;
    let open = async (): Promise<void> => undefined;
    return {
      before: [...needs, kept],
      during: [pending],
      then: [
        async () => {
          snapshot = await system.databases.takeSnapshot(service);
          return [lost];
        },
        async () => {
          await settled(system, [pending, lost], patienceMs);
          open = (await snapshot?.restore()) ?? open;
          return others;
        },
        async () => {
          await settled(system, others, patienceMs);
          await raiseSequence(system, service);
          await open();
          await repaired(system, { service, pending, lost });
          return [later];
        },
        async () => {
          await settled(system, [later], patienceMs);
          await untilTheAuditSays(system, []);
          await snapshot?.drop();
          return [];
        },
      ],
      expected: { ...expected, notified: withoutThoseOf(lost, expected), lost: [lost.id], kafkaTwice: true },
    };
  });

/** Its effects are there; they are the service's to take back. */
const withoutThoseOf = ({ id }: Row, { notified = [] }: Scene['expected']) =>
  notified.filter(({ eventId }) => eventId !== id);

/** Word for word as in docs/runbook.md. */
const raise = `SELECT setval('nova.outbox_sequence', last_value + 1000000) FROM nova.outbox_sequence`;

async function raiseSequence({ databases }: FaultSystem, service: ServiceName): Promise<void> {
  const raised = () =>
    databases.services[service].query(raise).then(
      () => true,
      () => false, // a session of before the restore
    );
  await waitFor(raised, { timeoutMs: patienceMs, what: 'the sequence to be raised' });
}

interface Restored {
  readonly service: ServiceName;
  readonly pending: Row;
  readonly lost: Row;
}

/** Asks the audit until it says exactly what the restore took, does what the runbook says of that, and asks it again. */
async function repaired(system: FaultSystem, { service, pending, lost }: Restored): Promise<void> {
  const wanted = [
    `lost_emit ${pending.id} (${service})`,
    `record_without_row ${lost.id} (${service})`,
    `run_without_row ${lost.id} (${service})`,
  ];
  await untilTheAuditSays(system, wanted);
  const { environment, client, databases } = system;
  const { people: pool, outboxes } = databases;
  const config = {
    taskQueuePrefix: environment['TASK_QUEUE_PREFIX'] ?? '',
    temporalNamespace: servers().temporalNamespace,
  };
  const deps = { pool, outboxes, workflows: client.workflow, config };
  const { ids } = await foundEvents(deps, { type: null, sinceMs: null, limit: 10 });
  if (ids.join() !== pending.id) throw new Error(`to be replayed: ${ids.join(', ')}`);
  await startReplays(deps, (await planReplays(deps, ids, { again: false })).plans, { reason: 'restored', by: 'ada' });
  await settled(system, [pending], patienceMs);
  await acknowledgeFindings(pool, [lost.id], 'restored');
  await untilTheAuditSays(system, []);
}

async function untilTheAuditSays(system: FaultSystem, wanted: readonly string[]): Promise<void> {
  let said: string[] = [];
  const isSaid = async (): Promise<boolean> => {
    await auditOf(system);
    said = await openFindings(system);
    return said.join() === wanted.join();
  };
  await waitFor(isSaid, { timeoutMs: patienceMs, everyMs: 500, what: 'the audit' }).catch(() => {
    throw new Error(`the audit says [${said.join(', ')}] and not [${wanted.join(', ')}]`);
  });
}
