import {
  ActivityFailure,
  ApplicationFailure,
  type WorkflowInterceptors,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { failures } from '../contracts/failures';
import { type RunWait, type RunsStory, storyQueryName } from '../contracts/runs-story';

/**
 * What a run waits for, in words: in the Web UI as its current details, for programs as the query `story`.
 *
 * An interceptor, so that no workflow has to remember it, and one that changes no command and adds no step to a promise: histories of the versions
 * before replay. A first try inside the worker that does is not worth a word, so an ordinary event costs nothing.
 */
export const interceptors = (): WorkflowInterceptors => {
  const waits = new Map<string, RunWait>();
  const failed: RunWait[] = [];
  /** Why the first try failed, by activity. */
  const tried = new Map<string, string>();
  const show = (): void => setCurrentDetails(detailsOf({ waits: [...waits.values()], failed }));

  const follow = (key: string, wait: RunWait, result: Promise<unknown>): void => {
    waits.set(key, wait);
    show();
    result.then(
      () => {
        waits.delete(key);
        show();
      },
      (thrown: unknown) => {
        waits.delete(key);
        if (!isCancellation(thrown)) failed.push({ ...wait, reason: reasonOf(thrown) });
        show();
      },
    );
  };

  return {
    inbound: [
      {
        execute(input, next) {
          setHandler(defineQuery<RunsStory>(storyQueryName), () => ({ waits: [...waits.values()], failed }));
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleLocalActivity(input, next) {
          const result = next(input);
          result.catch((thrown: unknown) => tried.set(input.activityType, reasonOf(thrown)));
          return result;
        },
        scheduleActivity(input, next) {
          const { activityType: activity, options, seq } = input;
          const result = next(input);
          const what = options.summary ?? activity;
          const reason = tried.get(activity) ?? null;
          follow(
            `activity ${seq}`,
            { what, activity, queue: options.taskQueue ?? null, since: now(), until: null, reason },
            result,
          );
          return result;
        },
        startTimer(input, next) {
          const { durationMs, options, seq } = input;
          const result = next(input);
          const until = new Date(Date.now() + durationMs).toISOString();
          const what = options?.summary ?? 'a timer';
          follow(`timer ${seq}`, { what, activity: null, queue: null, since: now(), until, reason: null }, result);
          return result;
        },
      },
    ],
  };
};

const now = (): string => new Date().toISOString();

/** Begins with its code where it has one. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof ActivityFailure && thrown.cause !== undefined ? thrown.cause : thrown;
  const message = cause instanceof Error ? cause.message : String(cause);
  const type = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  const text = type === '' || type === 'Error' || message.startsWith(type) ? message : `${type}: ${message}`;
  return text.replace(/\s+/g, ' ').slice(0, longestReason);
}

const longestReason = 300;

/** Markdown. */
function detailsOf({ waits, failed }: RunsStory): string {
  return [
    ...waits.map((wait) => `- **${wait.what}**${placeOf(wait)} since ${wait.since}${whyOf(wait)}`),
    ...failed.map((wait) => `- **${wait.what} FAILED**${placeOf(wait)}${whyOf(wait)}`),
    ...(waits.some(({ activity }) => activity !== null) ? ['', 'Attempts and next tries: *Pending Activities*.'] : []),
  ].join('\n');
}

const placeOf = ({ activity, queue }: RunWait): string =>
  activity === null ? '' : ` (\`${activity}\`${queue === null ? '' : ` on ${queue}`})`;

function whyOf({ until, reason }: RunWait): string {
  if (until !== null) return `, until ${until} at the latest`;
  if (reason === null) return '';
  const code = reason.split(':')[0] ?? '';
  const action = code in failures ? ` ${failures[code as keyof typeof failures].action}` : '';
  return `\n  - ${reason}${action === '' ? '' : `\n  -${action}`}`;
}
