import { readResults, tableOf } from './results';

/** `npx tsx test/faults/table.ts`: the matrix of the last run, as Markdown. */
const results = readResults();
const failed = results.filter(({ faults }) => faults.length > 0).length;
console.log(tableOf(results));
console.log(`\n${results.length} cases, ${failed} failed. Milliseconds from the fault until everything had settled.`);
