const clear = '\r\u001b[2K';

/** How far a command is: one line that changes, on the terminal of a person alone. `say` puts a text in the place of the one before. */
export function passingLine(isWanted = true) {
  const write = (text: string): void => {
    if (isWanted && process.stderr.isTTY) process.stderr.write(`${clear}${text}`);
  };
  return { say: (text: string) => write(`${text} … `), clear: () => write('') };
}
