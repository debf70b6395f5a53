/** Variables as a POSIX shell evaluates them, one `export` a line. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quoted(value)}`)
    .join('\n');
}

/** The command with which a shell takes over the addresses of a stack. */
export function evaluated(name: string): string {
  return `eval "$(npm run -s stack -- env${name === 'dev' ? '' : ` --name ${name}`})"`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
