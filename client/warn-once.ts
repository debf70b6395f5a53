/** What was said already. Names of fields come from payloads, so it must not grow without limit. */
const said = new Set<string>();
const mostSaid = 1_000;

/** Codes of the warnings, for `node --disable-warning=<code>` and for listeners of `process.on('warning')`. */
export type WarningCode = 'NOVA_UNKNOWN_FIELD' | 'NOVA_NO_TRANSACTION';

/** A warning of this process (`process.emitWarning`), once for each text. Node.js prints it to standard error unless that is off. */
export function warnOnce(code: WarningCode, message: string): void {
  const key = `${code} ${message}`;
  if (said.size >= mostSaid || said.has(key)) return;
  said.add(key);
  process.emitWarning(message, { type: 'NovaWarning', code });
}
