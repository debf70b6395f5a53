import { z } from 'zod';

/** The parts of a text between its commas; blanks are dropped. */
export const commaSeparated = z.string().transform((text): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
