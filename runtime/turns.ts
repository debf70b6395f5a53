/** Lets callers go one at a time, in the order in which they came. */
export class Turns {
  private last: Promise<void> = Promise.resolve();

  /** Runs `work` when everything that came before has settled. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.last;
    let end: () => void = () => undefined;
    this.last = new Promise((resolve) => (end = resolve));
    await before;
    try {
      return await work();
    } finally {
      end();
    }
  }
}
