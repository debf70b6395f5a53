/** `npm run drill` sets it: a person watches. */
const isDrill = process.env['NOVA_DRILL'] === '1';

/** A step of a drill, shown as it begins; nothing in other runs. */
export function step(text: string): void {
  if (isDrill) process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);
}
