import { seconds, type Reporter } from '../../dev/stack/reporter';

interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

interface Row {
  title: string;
  detail: string;
  state: 'running' | 'done' | 'failed';
  readonly begun: number;
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const green = (text: string) => `\u001b[32m${text}\u001b[39m`;
const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;

/**
 * Steps as rows of a terminal, drawn in place: what runs turns and shows what it is doing now. Writes to the stream it is
 * given, so that standard output stays free for the result.
 */
export class LiveRows implements Reporter {
  private readonly rows = new Map<string, Row>();
  private drawn = 0;
  private frame = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly terminal: Terminal) {
    this.timer = setInterval(() => this.draw(), 100);
    this.timer.unref();
  }

  started(step: string, title: string): void {
    this.rows.set(step, { title, detail: '', state: 'running', begun: performance.now() });
  }

  detail(step: string, text: string): void {
    const row = this.rows.get(step);
    if (row !== undefined) row.detail = text;
  }

  done(step: string, summary: string, ms: number): void {
    this.end(step, 'done', `${summary} ${dim(`(${seconds(ms)})`)}`);
  }

  failed(step: string, error: string, ms: number): void {
    this.end(step, 'failed', `${error} ${dim(`(${seconds(ms)})`)}`);
  }

  /** Draws the rows a last time and leaves them standing. */
  close(): void {
    clearInterval(this.timer);
    this.draw();
  }

  private end(step: string, state: Row['state'], title: string): void {
    const row = this.rows.get(step);
    if (row !== undefined) Object.assign(row, { state, title, detail: '' });
  }

  private draw(): void {
    this.frame += 1;
    const lines = [...this.rows].map(([step, row]) => this.line(step, row));
    const up = this.drawn > 0 ? `\u001b[${this.drawn}A` : '';
    this.terminal.write(`${up}${lines.map((line) => `\r\u001b[2K${line}\n`).join('')}`);
    this.drawn = lines.length;
  }

  private line(step: string, row: Row): string {
    const width = (this.terminal.columns ?? 100) - 14;
    const name = step.padEnd(9);
    if (row.state === 'done') return `${green('✔')} ${name} ${cut(row.title, width)}`;
    if (row.state === 'failed') return `${red('✘')} ${name} ${cut(row.title, width)}`;
    const since = seconds(performance.now() - row.begun);
    const turning = spinner[this.frame % spinner.length] ?? '';
    return `${turning} ${name} ${cut(row.detail === '' ? `${row.title} (${since})` : row.detail, width)}`;
  }
}

/** One line stays one line, or the cursor would go up too little. Escape codes count as nothing. */
function cut(text: string, width: number): string {
  const visible = text.replace(/\u001b\[\d+m/g, '');
  return visible.length <= width ? text : `${visible.slice(0, Math.max(0, width - 1))}…`;
}
