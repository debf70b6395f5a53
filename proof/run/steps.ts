import { messageOf } from '../../dev/stack/errors';
import { type Reporter } from '../../dev/stack/reporter';

/** The demo's steps, one after the other or side by side, each reported. */
export class Steps {
  constructor(
    private readonly report: Reporter,
    private readonly interrupted: AbortSignal,
  ) {}

  /** Runs one step; `work` gets a function that says what it is doing now. `summary` puts its result in words. */
  async run<T>(
    step: string,
    title: string,
    work: (detail: (text: string) => void) => Promise<T>,
    summary: (result: T) => string = () => title,
  ): Promise<T> {
    this.interrupted.throwIfAborted();
    const begun = performance.now();
    this.report.started(step, title);
    let said = '';
    const detail = (text: string): void => {
      if (text !== said) this.report.detail(step, text);
      said = text;
    };
    try {
      const result = await work(detail);
      this.report.done(step, summary(result), performance.now() - begun);
      return result;
    } catch (thrown) {
      this.report.failed(step, messageOf(thrown), performance.now() - begun);
      throw thrown;
    }
  }
}
