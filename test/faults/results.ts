import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultModes } from '../support/faulty-orders';
import { type CaseResult } from './case';

/** Where every run of the matrix leaves its results, a file of JSON lines per test file. */
const resultsFolder = join(tmpdir(), 'nova-fault-matrix');

/** A run of some cases, or of a broken product, leaves nothing. */
const isWhole = process.env['NOVA_FAULTS'] === undefined && process.env['NOVA_FAULTS_BREAK'] === undefined;

export class Results {
  private readonly file: string;
  private readonly all: CaseResult[] = [];

  constructor(name: string) {
    this.file = join(resultsFolder, `${name}.jsonl`);
    if (!isWhole) return;
    mkdirSync(resultsFolder, { recursive: true });
    rmSync(this.file, { force: true });
  }

  add(result: CaseResult): void {
    this.all.push(result);
    if (isWhole) appendFileSync(this.file, `${JSON.stringify(result)}\n`);
  }

  /** The table, and a line for each thing that went wrong. */
  report(): string {
    const wrong = this.all.flatMap(({ point, mode, story, faults }) =>
      faults.map((fault) => `✘ ${point}, ${mode}, ${wordsOf(story)}: ${fault}`),
    );
    return ['', tableOf(this.all), ...wrong, ''].join('\n');
  }
}

/** Everything that the last runs left. */
export function readResults(): CaseResult[] {
  if (!existsSync(resultsFolder)) return [];
  return readdirSync(resultsFolder)
    .sort()
    .flatMap((file) => readFileSync(join(resultsFolder, file), 'utf8').trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CaseResult);
}

/** The matrix as a Markdown table: milliseconds from the fault until everything had settled, or that it went wrong. */
export function tableOf(results: readonly CaseResult[]): string {
  const lines = new Map<string, Map<string, CaseResult>>();
  for (const result of results) {
    const line = `\`${result.point}\` | ${wordsOf(result.story)}`;
    lines.set(line, (lines.get(line) ?? new Map<string, CaseResult>()).set(result.mode, result));
  }
  const cell = (result: CaseResult | undefined) =>
    result === undefined ? '–' : `${result.faults.length === 0 ? '✔' : '✘'} ${result.ms.toLocaleString('en')}`;
  return [
    `| fault point | while | ${faultModes.join(' | ')} |`,
    `| --- | --- | ${faultModes.map(() => '---:').join(' | ')} |`,
    ...[...lines].map(
      ([line, modes]) => `| ${line} | ${faultModes.map((mode) => cell(modes.get(mode))).join(' | ')} |`,
    ),
  ].join('\n');
}

/** `postDeletedMeanwhile` → `post deleted meanwhile` */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
