import { readFileSync } from 'node:fs';

/** The part of a setting that matters here: the name of its variable. */
interface Variable {
  readonly env: string;
}

/** Name of the variable that names a file with the value of a secret setting: `DATABASE_URL_FILE`. */
export const fileVariable = ({ env }: Variable): string => `${env}_FILE`;

/** The text of a secret setting: its variable, or the file that its `_FILE` variable names, without the last line break. */
export function secretText(
  setting: Variable,
  environment: Readonly<Record<string, string | undefined>>,
): { text?: string; fault?: string } {
  const given = environment[setting.env]?.trim() ?? '';
  const variable = fileVariable(setting);
  const file = environment[variable]?.trim() ?? '';
  if (file === '') return { text: given };
  if (given !== '') return { fault: `${setting.env} and ${variable} are both set; remove one` };
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? { fault: `${variable}: the file ${file} is empty` } : { text };
  } catch (thrown) {
    const { code = 'unknown error' } = thrown as NodeJS.ErrnoException;
    return { fault: `${variable}: the file ${file} cannot be read (${code})` };
  }
}
