import { serviceOfType } from '../../../proof/traffic/business';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { groupBy } from '../../../runtime/group-by';
import { type FaultKind, type FaultRecord, type ProofRow, type Target } from '../types';
import { type Evidence } from './evidence';
import { proofRow } from './row';

/** While these last, and for a while after, no outbox has its events started in time. */
const shared: readonly Target[] = ['temporal', 'postgres', 'pgbouncer', 'bridge'];
const recoveryMs = 10_000;
/** An outage, or what of it no shared fault touches, must be this long to be looked at, milliseconds. */
const leastMs = 8_000;
/** It is there, and only takes its time. */
const noOutage: readonly FaultKind[] = ['slow'];

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * While one outbox is away the events of each other one go on being started: of those to which something was committed in the first
 * third of an outage, each had a start within it, unless it had none either, with work to do, in as long a time before that no fault
 * touched. Absent where nothing could be looked at.
 */
export function isolationRow({ faults, rows, truth }: Pick<Evidence, 'faults' | 'rows' | 'truth'>): ProofRow[] {
  const starts = new Map(
    rows.flatMap(({ id, publishedAtMs }) => (publishedAtMs === null ? [] : [[id, publishedAtMs] as const])),
  );
  const byService = groupBy(truth.events, ({ type }) => serviceOfType(type));
  const dealt = faults.filter(({ leftOut }) => leftOut === undefined);
  let examined = 0;
  const offenders: string[] = [];
  for (const { fault, ...lasted } of dealt) {
    if (fault.target !== 'outbox' || noOutage.includes(fault.kind)) continue;
    const harmed = serviceNames[fault.index];
    for (const stretch of calmParts({ fromMs: lasted.beganAtMs, toMs: lasted.endedAtMs }, dealt)) {
      for (const [service, events] of byService) {
        if (service === harmed || !isGivenWork(stretch, events)) continue;
        const stoodStill = (part: Stretch): boolean =>
          isGivenWork(part, events) && !events.some(({ id }) => isWithin(part, starts.get(id) ?? NaN));
        const before = { fromMs: 2 * stretch.fromMs - stretch.toMs, toMs: stretch.fromMs };
        // What was slow already is not slow because of the outage.
        if (isCalm(before, dealt) && stoodStill(before)) continue;
        examined += 1;
        if (stoodStill(stretch)) offenders.push(sentence(service, harmed, fault.kind, stretch));
      }
    }
  }
  return examined === 0 ? [] : [proofRow('outboxes held up by the outage of another', examined, offenders)];
}

function isGivenWork({ fromMs, toMs }: Stretch, events: Evidence['truth']['events']): boolean {
  const firstThird = { fromMs, toMs: fromMs + (toMs - fromMs) / 3 };
  return events.some(({ committedAtMs }) => isWithin(firstThird, committedAtMs));
}

const isCalm = ({ fromMs, toMs }: Stretch, faults: readonly FaultRecord[]): boolean =>
  !faults.some(({ beganAtMs, endedAtMs }) => beganAtMs < toMs && endedAtMs + recoveryMs > fromMs);

const isWithin = ({ fromMs, toMs }: Stretch, atMs: number): boolean => atMs >= fromMs && atMs <= toMs;

/** What is left of an outage when the shared faults, with the time to recover from them, are taken out. */
function calmParts(outage: Stretch, faults: readonly FaultRecord[]): Stretch[] {
  const disturbed = faults
    .filter(({ fault }) => shared.includes(fault.target))
    .map(({ beganAtMs, endedAtMs }) => ({ fromMs: beganAtMs, toMs: endedAtMs + recoveryMs }));
  return disturbed
    .reduce<Stretch[]>(
      (parts, { fromMs, toMs }) =>
        parts
          .flatMap((part) => [
            { fromMs: part.fromMs, toMs: Math.min(part.toMs, fromMs) },
            { fromMs: Math.max(part.fromMs, toMs), toMs: part.toMs },
          ])
          .filter((part, i, all) => part.toMs > part.fromMs && !all.slice(0, i).some((one) => isSame(one, part))),
      [outage],
    )
    .filter(({ fromMs, toMs }) => toMs - fromMs >= leastMs);
}

/** A fault beside an outage leaves it whole, on whichever side it is. */
const isSame = (one: Stretch, other: Stretch): boolean => one.fromMs === other.fromMs && one.toMs === other.toMs;

function sentence(
  service: ServiceName,
  harmed: string | undefined,
  kind: FaultKind,
  { fromMs, toMs }: Stretch,
): string {
  const seconds = ((toMs - fromMs) / 1_000).toFixed(1);
  return `no event of ${service} was started in ${seconds} s from ${new Date(fromMs).toISOString()} on (${harmed}: ${kind})`;
}
