import { meantBy } from '../contracts/near-words';
import { type Logger } from './logger';
import { fileVariable } from './secret-files';

/** The part of a setting that matters here. */
interface Variable {
  readonly env: string;
  readonly secret?: boolean;
}

type Variables = Readonly<Record<string, Variable>>;
type Environment = Readonly<Record<string, string | undefined>>;

export interface NearName {
  /** A variable that is set and that no setting has. */
  readonly given: string;
  /** The setting that it is nearly spelled like, and that is not set. Several that are equally near are joined by `or`. */
  readonly meant: string;
}

/**
 * Variables that are probably misspelt: no setting has their name, and the one that is spelt nearly so is not set, or empty. Where
 * that one is set, the variable belongs to another program, and no setting that is further away is suggested.
 */
export function nearNames(settings: Variables, environment: Environment): NearName[] {
  const known = new Set(Object.values(settings).flatMap(namesOf));
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  return Object.keys(environment)
    .filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name) && !known.has(name))
    .map((given) => ({ given, nearest: meantBy(given, known) }))
    .filter(({ nearest }) => nearest.length > 0 && !nearest.some(isSet))
    .map(({ given, nearest }) => ({ given, meant: nearest.join(' or ') }));
}

const namesOf = (variable: Variable): string[] => [variable.env, ...(variable.secret ? [fileVariable(variable)] : [])];

/** The fault of a required setting that is not set, with the variable that is set and was probably meant as it. */
export function missing(
  setting: Variable & { allowed: string },
  settings: Variables,
  environment: Environment,
): string {
  const names = namesOf(setting);
  const [near] = nearNames(settings, environment).filter(({ meant }) => names.includes(meant));
  const hint = near === undefined ? '' : ` (${near.given} is set: did you mean ${near.meant}?)`;
  return `${setting.env} is not set; it must be ${setting.allowed}${hint}`;
}

/** Warns of each once. */
export function warnOfNearNames(settings: Variables, environment: Environment, logger: Logger): void {
  for (const near of nearNames(settings, environment))
    logger.warn({ variable: near.given, setting: near.meant }, nearNameText(near));
}

export const nearNameText = ({ given, meant }: NearName): string =>
  `${given} is no setting and has no effect; did you mean ${meant}?`;
