import { type ReplayProgress, type ReplayReport, type ReplayState, replayBar } from '../../contracts/replay-plan';
import { columnLines } from '../terminal/columns';
import { type DeliveriesBefore, type PlanLine, type ReplayGroup } from './replay-plans';

const causesShown = 30;

interface PlanFound {
  readonly name: string;
  readonly groups: readonly ReplayGroup[];
  readonly deliveries: DeliveriesBefore;
  readonly healed: number;
  readonly refused: readonly { readonly why: string; readonly events: number }[];
  readonly more: boolean;
  readonly frozen: boolean;
}

/** The plan for people, by cause, before anything is replayed. */
export function groupsText({ name, groups, deliveries, healed, refused, more, frozen }: PlanFound): string {
  const events = groups.reduce((sum, group) => sum + group.events, 0);
  const leftOut = [
    ...(healed === 0 ? [] : [`${healed} are healed already, and are left out`]),
    ...refused.map(({ why, events: count }) => `${count} cannot be replayed: ${why}`),
  ];
  if (events === 0) return ['no event is meant', ...leftOut].join('\n');
  const rows = groups
    .slice(0, causesShown)
    .map(({ events: count, eventType, step, why, example }) => [
      ...[String(count), eventType, step ?? '–', why.slice(0, 100), example],
    ]);
  const { settled, open } = deliveries;
  return [
    ...columnLines([['EVENTS', 'TYPE', 'BEFORE', 'WHY IT ENDED', 'FOR EXAMPLE'], ...rows]),
    ...(groups.length > causesShown ? [`and ${groups.length - causesShown} causes more`] : []),
    ...leftOut,
    ...(more ? ['there are more of them than --limit'] : []),
    ...(settled + open === 0
      ? []
      : [`of their deliveries ${settled} are settled and are not made again, ${open} are open`]),
    frozen
      ? `${events} events are frozen as the plan ${name}; nothing is replayed yet: npx nova replays start ${name}`
      : `${events} events; nothing is frozen`,
  ].join('\n');
}

/** `[█████░░░░░] 1,204 of 10,000 · 1,180 completed · 24 started` */
function progressText(progress: ReplayProgress): string {
  const { bar, past, total } = replayBar(progress);
  const states = Object.entries(progress).flatMap(([state, count]) =>
    count > 0 && state !== 'planned' ? [`${count.toLocaleString('en')} ${state}`] : [],
  );
  return [`[${bar}] ${past.toLocaleString('en')} of ${total.toLocaleString('en')}`, ...states].join(' · ');
}

export function reportLine(progress: ReplayProgress, { paused, stopped, perSecond }: ReplayReport): string {
  const how =
    stopped !== null
      ? `stopped by ${stopped.by}`
      : paused !== null
        ? `paused by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}`
        : `${perSecond} a second`;
  return `${progressText(progress)} · ${how}`;
}

export function plansText(plans: readonly PlanLine[]): string {
  if (plans.length === 0) return 'there is no plan: npx nova replays plan <name> …';
  return columnLines([
    ['PLAN', 'BY', 'AT', 'PROGRESS', 'REASON'],
    ...plans.map(({ name, requestedBy, requestedAt, progress, reason }) => [
      ...[name, requestedBy, requestedAt.toISOString(), progressText(progress), reason],
    ]),
  ]).join('\n');
}

export function planText(
  { name, reason, requestedBy, requestedAt, progress }: PlanLine,
  report: ReplayReport | null,
  notWell: readonly { readonly eventId: string; readonly state: ReplayState; readonly remark: string | null }[],
): string {
  const open = progress.planned + progress.started > 0;
  return [
    `plan ${name} of ${requestedBy}, ${requestedAt.toISOString()}: ${reason}`,
    report === null ? progressText(progress) : reportLine(progress, report),
    ...(report === null && open ? [`it is not being worked off: npx nova replays start ${name}`] : []),
    ...notWell.map(
      ({ eventId, state, remark }) =>
        `${eventId} ${state}${remark === null ? `: npx nova show ${eventId}` : `: ${remark}`}`,
    ),
  ].join('\n');
}
