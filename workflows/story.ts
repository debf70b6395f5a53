import {
  ActivityFailure,
  ApplicationFailure,
  type WorkflowInterceptors,
  defineQuery,
  getCurrentDetails,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import { type FailureCode, failures } from '../contracts/failures';
import { type RunWait, type RunsStory, storyQueryName } from '../contracts/runs-story';
import { FailureCodeAttribute, codeIn } from './steps/failure-code';

/**
 * What a run waits for, in words: in the Web UI as its current details, for programs as the query `story`. Its code, or that of its failure, is a search
 * attribute.
 *
 * An interceptor, so that no workflow has to remember it, and one that adds no step to a promise and no command but that of the attribute, which is
 * patched: histories of the versions before replay. A first try inside the worker that does is not worth a word, so an ordinary event costs nothing.
 */
export const interceptors = (): WorkflowInterceptors => {
  const waits = new Map<string, RunWait>();
  const failed: RunWait[] = [];
  /** Why the first try failed, by activity. */
  const tried = new Map<string, string>();
  const attribute = new FailureCodeAttribute();
  let [ours, own] = ['', ''];
  const show = (): void => {
    // What the workflow says itself, such as how far it is, stays above what it waits for.
    if (getCurrentDetails() !== ours) own = getCurrentDetails();
    ours = [own, detailsOf({ waits: [...waits.values()], failed })].filter((text) => text !== '').join('\n\n');
    setCurrentDetails(ours);
    const codes = [...failed, ...waits.values()].map(({ reason }) => codeIn(reason));
    attribute.show(codes.find((code) => code !== null) ?? null);
  };

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
          const result = next(input);
          result.catch((thrown: unknown) => {
            const code = firstCode(thrown);
            if (code !== null) attribute.show(code);
          });
          return result;
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

/** The code of the first cause that has one: what a failed run is listed by. Neither a cancelled run has one, nor one that goes on in a successor. */
function firstCode(thrown: unknown): FailureCode | null {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
    const code = codeIn(reasonOf(cause));
    if (code !== null) return code;
  }
  return null;
}

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
  const code = codeIn(reason);
  return `\n  - ${reason}${code === null ? '' : `\n  - ${failures[code].action}`}`;
}
