import { type ServiceName, serviceNames } from '../../proof/services';
import { auditFaults } from './audit';
import { type MatrixRow } from './case';
import { matrix } from './matrix';
import { outboxAway, outboxRestored } from './stories/outboxes-away';

/** Shorter than a lease: the one that was struck comes back to a database that is away. */
const bridge = { in: 'bridges', alone: true, modes: ['hang'], hangMs: 2_000 } as const;
/** Shorter than an activity may take: its mark finds no database. */
const worker = { in: 'workers', alone: true, modes: ['hang'], hangMs: 1_500 } as const;

const each = (service: ServiceName): MatrixRow[] => [
  { ...bridge, point: 'bridge.claimed', story: outboxAway(service, 'killed') },
  { ...bridge, point: 'bridge.started', story: outboxAway(service, 'hangs') },
  { ...worker, point: 'emit.sent', story: outboxAway(service, 'killed') },
  { ...bridge, point: 'bridge.claimed', story: outboxRestored(service) },
];

matrix(
  'outboxes',
  { bridges: 2, workers: 1 },
  [
    ...serviceNames.flatMap(each),
    // One for all: it waits until PostgreSQL has ended a transaction of which it hears no more.
    { ...worker, point: 'emit.locked', story: outboxAway('messaging', 'hangs') },
  ],
  { 'the audit has nothing against all of it but what was explained': auditFaults },
);
