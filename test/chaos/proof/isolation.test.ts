import { comment, created, uploaded } from '../../unit/proof/checks/healthy';
import { type TrueEvent } from '../../../proof/checks/truth';
import { type FaultRecord, type PlannedFault } from '../types';
import { healthyEvidence } from './healthy-evidence';
import { isolationRow } from './isolation';

const beganAtMs = 1_000_000;
const outage = (fault: Partial<PlannedFault> = {}, lasted: Partial<FaultRecord> = {}): FaultRecord => ({
  fault: { atMs: 0, target: 'outbox', index: 0, kind: 'kill', durationMs: 8_000, ...fault },
  beganAtMs,
  endedAtMs: beganAtMs + 8_000,
  recoveredMs: null,
  ...lasted,
});

/** One event of each of three outboxes, committed two seconds into the outage of content and started at these times after its begin. */
function found(startedMs: { social: number; media: number }, faults: readonly FaultRecord[] = [outage()]) {
  const at = (event: TrueEvent): TrueEvent => ({ ...event, committedAtMs: beganAtMs + 2_000 });
  const row = (event: TrueEvent, afterMs: number) => ({ id: event.id, publishedAtMs: beganAtMs + afterMs });
  const started = [row(created, 60_000), row(comment, startedMs.social), row(uploaded, startedMs.media)];
  const healthy = healthyEvidence();
  const rows = healthy.rows.map((one) => ({ ...one, ...started.find(({ id }) => id === one.id) }));
  const [line] = isolationRow({
    faults,
    rows,
    truth: { ...healthy.truth, events: [created, comment, uploaded].map(at) },
  });
  return line && { examined: line.examined, violations: line.violations, examples: line.examples.join() };
}

describe('the isolation of faults', () => {
  it('holds while the other outboxes have starts in the outage of one', () => {
    expect(found({ social: 2_100, media: 7_900 })).toEqual({ examined: 2, violations: 0, examples: '' });
  });

  it('is broken when another outbox with work to do has none until the outage is over', () => {
    const seen = found({ social: 8_100, media: 2_100 });
    expect(seen).toMatchObject({ examined: 2, violations: 1 });
    expect(seen?.examples).toMatch(/^no event of social was started in 8.0 s .*content: kill/);
  });

  it.each<[string, FaultRecord[]]>([
    ['an outage that is short', [outage({}, { endedAtMs: beganAtMs + 7_000 })]],
    ['an outbox that is only slow', [outage({ kind: 'slow' })]],
    ['a server that all share', [outage({ target: 'postgres' })]],
    ['an outage beside which Temporal was away', [outage(), outage({ target: 'temporal' })]],
    [
      'an outage right after Temporal was away',
      [outage(), outage({ target: 'temporal' }, { beganAtMs: 0, endedAtMs: beganAtMs })],
    ],
    ['a fault that was left out', [outage({}, { leftOut: 'why' })]],
  ])('is not judged by %s', (_, faults) => {
    expect(found({ social: 60_000, media: 60_000 }, faults)).toBeUndefined();
  });

  describe('of an outbox that had no start before the outage either', () => {
    const earlier = (faults: FaultRecord[]) => {
      const healthy = healthyEvidence();
      const at = (event: TrueEvent, ms: number): TrueEvent => ({ ...event, committedAtMs: beganAtMs + ms });
      const late = new Map([comment, uploaded].map(({ id }) => [id, beganAtMs + 60_000]));
      const [line] = isolationRow({
        faults,
        rows: healthy.rows.map((row) => ({ ...row, publishedAtMs: late.get(row.id) ?? beganAtMs + 60_000 })),
        // Social has waited since seven seconds before the outage, media since two seconds after its beginning.
        truth: {
          ...healthy.truth,
          events: [at(comment, -7_000), at({ ...comment, id: created.id }, 2_000), at(uploaded, 2_000)],
        },
      });
      return line && { examined: line.examined, violations: line.violations };
    };

    it('is not judged: it was slow already', () => {
      expect(earlier([outage()])).toEqual({ examined: 1, violations: 1 });
    });

    it('is judged where a fault explains what was before', () => {
      const fault = outage({ target: 'redis' }, { beganAtMs: beganAtMs - 6_000, endedAtMs: beganAtMs - 5_000 });
      expect(earlier([fault, outage()])).toEqual({ examined: 2, violations: 2 });
    });
  });

  it('is judged by what a shared fault leaves of an outage', () => {
    const faults = [
      outage({}, { endedAtMs: beganAtMs + 20_000 }),
      outage({ target: 'bridge' }, { beganAtMs: beganAtMs + 12_000, endedAtMs: beganAtMs + 13_000 }),
    ];
    expect(found({ social: 15_000, media: 11_000 }, faults)).toMatchObject({ examined: 2, violations: 1 });
  });
});
