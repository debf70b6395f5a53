import { z } from 'zod';
import { type Setting } from './config';

/** Part of the settings of each process that starts runs, and of the console. */
export const consoleUrlSetting = {
  consoleUrl: {
    env: 'CONSOLE_URL',
    fallback: '',
    meaning:
      'Where people reach the console, scheme and host: `https://nova.example.org`. The details of a run in Temporal’s Web UI link to its event there. Of the console: forms are taken from its pages alone; with https cookies are sent by TLS alone; empty: the address on which it listens.',
    allowed: 'a URL that begins with http:// or https:// and has no path, or empty',
    schema: z.string().refine((text) => text === '' || isOrigin(text)),
  } satisfies Setting<string>,
} as const;

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return /^https?:$/.test(protocol) && text.replace(/\/$/, '') === origin;
}

/** The console's page with the story of an id; null: no console is known. */
export const consolePageOf = (consoleUrl: string, id: string): string | null =>
  consoleUrl === '' ? null : `${new URL(consoleUrl).origin}/search?id=${encodeURIComponent(id)}`;
