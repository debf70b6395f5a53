/** What differs between two JSON values, a line for each place: `- path: value` and `+ path: value`. */
export function payloadDiff(before: unknown, after: unknown): readonly string[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((path) => {
    const [old, now] = [was.get(path), is.get(path)];
    if (old === now) return [];
    return [...(old === undefined ? [] : [`- ${path}: ${old}`]), ...(now === undefined ? [] : [`+ ${path}: ${now}`])];
  });
}

/** Every value that has none below it, as JSON, by the path that leads there. */
function leavesOf(value: unknown, path = ''): Map<string, string> {
  const isLeaf = Object(value) !== value || Object.keys(value as object).length === 0;
  if (isLeaf) return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value as object).flatMap(([name, below]) => [
      ...leavesOf(below, path === '' ? name : `${path}.${name}`),
    ]),
  );
}
