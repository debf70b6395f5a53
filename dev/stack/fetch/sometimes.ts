/** Passes on one line every `ms` and drops the others: enough to see that a chatty tool is at work. */
export function sometimes(ms: number, show: (line: string) => void): (line: string) => void {
  let last = Date.now();
  return (line) => {
    if (line.trim() === '' || Date.now() - last < ms) return;
    last = Date.now();
    show(line);
  };
}
