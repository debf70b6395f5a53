import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { source as axeSource } from 'axe-core';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { invitationFor } from '../../console/who/invitation';
import { type Role } from '../../console/who/roles';
import { environmentOf } from '../../dev/stack/addresses';
import { fetchChromium } from '../../dev/stack/fetch/chromium';
import { freePort } from '../../dev/stack/ports';
import { type DemoProcess, startProcess } from '../../proof/run/processes';
import { servers } from './servers';
import { waitFor } from './wait-for';

const consoleKey = 'a key of the tests, which is long enough';

/** The console, run from source as a person runs it. */
export interface TestConsole extends DemoProcess {
  readonly url: string;
  /** A link with which this person signs in. */
  link(name: string, role: Role): Promise<string>;
  /** The cookie of this person, as a browser sends it. */
  cookie(name: string, role: Role): Promise<string>;
  log(): string;
  end(): Promise<void>;
}

/** `environment`: on top of the test servers' addresses. */
export async function startConsole(environment: Readonly<Record<string, string>>): Promise<TestConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-console-'));
  const port = await freePort();
  const settings = { CONSOLE_KEY: consoleKey, CONSOLE_SAMPLE_SECONDS: '1', CONSOLE_PORT: String(port) };
  const all = { ...environmentOf(servers()), ...settings, ...environment };
  const child = startProcess('console', 'console/main.ts', all, folder);
  const url = `http://127.0.0.1:${port}`;
  await waitFor(
    async () => {
      child.assertAlive();
      return (await fetch(`${url}/healthz`)).ok;
    },
    { what: 'the console' },
  );
  const link = async (name: string, role: Role) =>
    `${url}/sign-in?token=${await invitationFor(consoleKey, { name, role })}`;
  return {
    ...{ ...child, url, link },
    cookie: async (name, role) => {
      const invitation = await invitationFor(consoleKey, { name, role });
      const response = await fetch(`${url}/sign-in`, {
        ...{ method: 'POST', redirect: 'manual', headers: { origin: url } },
        body: new URLSearchParams({ invitation }),
      });
      return response.headers.getSetCookie()[0]!.split(';')[0]!;
    },
    log: () => readFileSync(child.logFile, 'utf8'),
    end: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Real pages, real keys: Chromium without a screen. */
export async function startBrowser(): Promise<Browser> {
  const { path, libraries } = await fetchChromium(process.env, () => undefined);
  const env = {
    ...(process.env as Record<string, string>),
    ...(libraries === '' ? {} : { LD_LIBRARY_PATH: libraries }),
  };
  // It shows our own pages alone; as root, and in containers, it has no sandbox.
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'], env });
}

/** A page of a person who is signed in; what the page complains of ends the test. */
export async function pageOf(
  browser: Browser,
  link: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: readonly string[] }> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(link);
  const signIn = page.getByRole('button', { name: /^Sign in/ });
  if ((await signIn.count()) > 0) {
    await signIn.click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  }
  return { page, complaints };
}

/** What a checker of accessibility finds on this page. */
export async function violationsOf(page: Page): Promise<string[]> {
  // Not by a tag of a script, which the page's policy forbids.
  await page.evaluate(axeSource);
  const found = await page.evaluate<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  }>(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
