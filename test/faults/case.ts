import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { type FaultPoint } from '../../runtime/fault-points';
import { newId } from '../support/events';
import { type FaultMode, type FaultOrder } from '../support/faulty-orders';
import { waitFor } from '../support/wait-for';
import { type Member } from './crew';
import { type FaultSystem, leaseMs } from './fault-system';
import { type Row, commit, rollBack, row } from './rows';
import { type Scene, type Story } from './scene';
import { faultsOf, settled } from './verdict';

/** A line of the matrix: a dangerous instant, what is going on then, and how the two meet. */
export interface MatrixRow {
  readonly point: FaultPoint;
  readonly story: Story;
  readonly in: 'bridges' | 'workers';
  /** Longer than the lease of a row, or than the timeout of the activity; the latter by default, a local first try. */
  readonly hangMs?: number;
  readonly freeze?: boolean;
  readonly regularOnly?: boolean;
  /** The point is in no activity of its own: it strikes the first process that comes, so nothing else may be under way. */
  readonly alone?: boolean;
  /** The process is asked to stop, and comes to the point by that. */
  readonly whenStopped?: boolean;
  /** Default: all of them. */
  readonly modes?: readonly FaultMode[];
}

export interface CaseResult {
  readonly point: FaultPoint;
  readonly story: string;
  readonly mode: FaultMode;
  readonly faults: readonly string[];
  /** From the fault until everything had settled. */
  readonly ms: number;
}

/**
 * What a fault may take to be noticed and made up for. A frozen worker takes tasks to its grave for as long as it sleeps,
 * ten seconds each, and a machine may be slow: this ends only what would never settle.
 */
const patienceMs = 300_000;
/** A local first try is given up after two seconds. */
const usualHangMs = 3_500;

/** How long a fault must be there. What is lost, or there twice, stays; nothing repairs it within this. */
const lastingMs = 30_000;

/**
 * What is wrong at every look. A zombie that has just woken may be between a write and its second look at it: on a slow
 * machine a test sees that instant, which is no fault.
 */
async function lasting(look: () => Promise<string[]>): Promise<string[]> {
  const since = performance.now();
  let found = await look();
  while (found.length > 0 && performance.now() - since < lastingMs) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    found = await look();
  }
  return found;
}

export class Case {
  private scene: Scene | undefined;
  private order: FaultOrder | undefined;
  private member: Member | undefined;
  private readonly committed: Row[] = [];
  private readonly rolledBack = row('message.edited', {
    message_id: newId(),
    conversation_id: newId(),
    editor_id: newId(),
  });

  constructor(
    private readonly system: FaultSystem,
    readonly line: MatrixRow,
    readonly mode: FaultMode,
  ) {}

  /** What was there before the fault. */
  async prepare(): Promise<void> {
    const scene = await this.line.story(this.system);
    this.scene = scene;
    const before = scene.before ?? [];
    await this.commit(before);
    if (scene.ready === undefined) return settled(this.system, before, patienceMs);
    await waitFor(scene.ready, { timeoutMs: patienceMs, what: 'the scene' });
  }

  /** Commits the rows and waits for the fault to strike. */
  async strike(): Promise<void> {
    const { system, line, mode } = this;
    const scene = this.prepared();
    const crew = system[line.in];
    await crew.ready();
    const order: FaultOrder = {
      point: line.point,
      mode,
      hitFile: join(system.folder, randomUUID()),
      hangMs: line.hangMs ?? (line.in === 'bridges' ? 2 * leaseMs : usualHangMs),
      freeze: line.freeze === true,
      regularOnly: line.regularOnly === true,
      ...(line.alone === true ? {} : { workflowIds: scene.strikes ?? scene.during.map(({ id }) => id) }),
    };
    this.order = order;
    const [chosen] = crew.able();
    await crew.order(order, line.whenStopped === true && chosen !== undefined ? [chosen] : crew.able());
    await rollBack(system, [this.rolledBack]);
    await this.commit(scene.during);
    await scene.begin?.();
    if (line.whenStopped === true && chosen !== undefined) crew.dismiss(chosen);
    this.member = await crew.struck(order);
    await this.commit(scene.meanwhile ?? []);
    for (const step of scene.then ?? []) await this.commit((await step()) ?? []);
  }

  /** Waits until everything has settled, and looks. */
  async verdict(): Promise<CaseResult> {
    const { system, line, mode, member } = this;
    const { expected } = this.prepared();
    const committed = this.committed.filter(({ id }) => expected.lost?.includes(id) !== true);
    const since = performance.now();
    const faults: string[] = [];
    try {
      await settled(system, committed, patienceMs, expected.waiting);
      const ms = Math.round(performance.now() - since);
      // A zombie must have woken before it is known that it does no harm.
      if (mode === 'hang')
        await waitFor(() => performance.now() - since > (this.order?.hangMs ?? 0) + 300, { timeoutMs: patienceMs });
      if (mode === 'SIGTERM' && line.whenStopped !== true && member !== undefined) {
        const end = await system[line.in].ended(member);
        if (end !== 'code 0') faults.push(`asked to stop, the process ended with ${end}`);
      }
      faults.push(...(await lasting(() => faultsOf(system, { committed, rolledBack: [this.rolledBack], expected }))));
      for (const id of expected.waiting ?? [])
        await system.client.workflow
          .getHandle(id)
          .terminate('the case is over')
          .catch(() => undefined);
      return this.result(faults, ms);
    } catch (thrown) {
      return this.result([...faults, String(thrown)], Math.round(performance.now() - since));
    }
  }

  result(faults: readonly string[], ms: number): CaseResult {
    const { point, story } = this.line;
    return {
      point,
      story: story.name,
      mode: this.mode,
      faults: [...faults, ...this.system[this.line.in].deserters()],
      ms,
    };
  }

  private async commit(rows: readonly Row[]): Promise<void> {
    await commit(this.system, rows);
    this.committed.push(...rows);
  }

  private prepared(): Scene {
    if (this.scene === undefined) throw new Error('the scene is not prepared');
    return this.scene;
  }
}
