import { type FaultMode } from '../support/faulty-orders';
import { Case, type CaseResult, type MatrixRow } from './case';
import { type Crews, type FaultSystem, openSystem } from './fault-system';
import { Results } from './results';

/** `NOVA_FAULTS='feed.page-written hang'`: only cases whose `point mode story` contains it. */
const only = process.env['NOVA_FAULTS'] ?? '';
/** Cases whose first half is done side by side. */
const preparedTogether = 12;
/**
 * The long to settle first: others are struck meanwhile, and none of these ends a process in which a zombie sleeps. Then, case by
 * case, what needs a new process and what does not: one boots while the next is struck.
 */
const order: readonly (readonly FaultMode[])[] = [['hang'], ['SIGKILL', 'exception', 'SIGTERM']];

/** What is asked of the system when all cases are over: a title, and what returns the faults. */
type Afterwards = Readonly<Record<string, (system: FaultSystem) => Promise<readonly string[]>>>;

/** Strikes every line in every mode on one system, one after another, and lets the settling overlap where it may. */
export function matrix(name: string, crews: Crews, lines: readonly MatrixRow[], afterwards: Afterwards = {}): void {
  const planned = order
    .flatMap((modes) => lines.flatMap((line) => modes.map((mode) => ({ line, mode }))))
    .filter(({ line, mode }) => line.modes?.includes(mode) !== false)
    .filter(({ line, mode }) => `${line.point} ${mode} ${line.story.name}`.includes(only));
  if (planned.length === 0) return void it(`${name}: nothing was asked for`, () => undefined);

  let system: FaultSystem | undefined;
  let results: Results;
  const verdicts = planned.map(() => deferred());

  beforeAll(async () => {
    results = new Results(name);
    const opened = await openSystem(crews);
    system = opened;
    const cases = planned.map(({ line, mode }) => new Case(opened, line, mode));
    run(cases).catch((thrown: unknown) => verdicts.forEach(({ reject }) => reject(thrown)));
    for (const { promise } of verdicts) promise.catch(() => undefined);
  }, 900_000);

  afterAll(async () => {
    process.stderr.write(results.report());
    await system?.close();
  }, 600_000);

  it.each(planned.map(({ line, mode }, i) => ({ point: line.point, mode, story: line.story.name, i })))(
    '$point, $mode: $story',
    async ({ i }) => {
      const { faults } = (await verdicts[i]?.promise) ?? { faults: ['no verdict'] };
      expect(faults).toEqual([]);
    },
    1_800_000,
  );

  // Not by it.each, which refuses an empty table.
  for (const [title, faultsIn] of Object.entries(afterwards))
    it(`afterwards: ${title}`, async () => {
      await Promise.allSettled(verdicts.map(({ promise }) => promise));
      expect(system === undefined ? ['no system'] : await faultsIn(system)).toEqual([]);
    }, 600_000);

  async function run(cases: readonly Case[]): Promise<void> {
    const settling = new Set<Promise<void>>();
    for (const [i, each] of cases.entries()) {
      if (i % preparedTogether === 0)
        await Promise.allSettled(cases.slice(i, i + preparedTogether).map((next) => next.prepare()));
      if (each.line.alone === true) await Promise.all(settling);
      const { judged } = await struckThenJudged(each);
      const settle = judged.then((result) => {
        results.add(result);
        verdicts[i]?.resolve(result);
        settling.delete(settle);
      });
      settling.add(settle);
    }
    await Promise.all(settling);
  }
}

/** A case that does not come to its point is a failed one. */
async function struckThenJudged(each: Case): Promise<{ readonly judged: Promise<CaseResult> }> {
  try {
    await each.strike();
  } catch (thrown) {
    return { judged: Promise.resolve(each.result([String(thrown)], 0)) };
  }
  return { judged: each.verdict() };
}

function deferred() {
  let resolve: (result: CaseResult) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<CaseResult>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}
