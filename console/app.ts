import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { oneLine } from '../runtime/errors';
import { addPages } from './add-pages';
import { addSignIn } from './add-sign-in';
import { type ConsoleDeps, type Desk } from './desk';
import { textPage } from './html/page';
import { originsOf } from './settings';
import { FormTokens } from './who/form-tokens';
import { identify } from './who/identify';
import { Proxy } from './who/proxy';
import { Sessions } from './who/sessions';

/** A reason and some ids. */
const longestForm = 64 * 1_024;

const none = ["'none'"];
const self = ["'self'"];
const headers = secureHeaders({
  contentSecurityPolicy: {
    ...{ defaultSrc: none, baseUri: none, frameAncestors: none, objectSrc: none },
    ...{ scriptSrc: self, styleSrc: self, imgSrc: self, connectSrc: self, formAction: self },
  },
  xFrameOptions: 'DENY',
  // Not `no-referrer`: a browser would then send forms without their origin, which is looked at.
  referrerPolicy: 'same-origin',
  // TLS is the proxy's, and so is how long it lasts.
  strictTransportSecurity: false,
});

const asset = (name: string) => readFileSync(join(__dirname, 'assets', name), 'utf8');

export function createApp(deps: ConsoleDeps): Hono {
  const { config, logger } = deps;
  const app = new Hono();
  const origins = originsOf(config);
  const hosts = origins.map((origin) => new URL(origin).host);
  const proxy = new Proxy(config);
  const sessions = new Sessions(config);
  const desk: Desk = {
    ...deps,
    sessions,
    forms: new FormTokens(config.consoleKey),
    who: (c) => identify(c, { config, proxy, sessions }),
    isOurs: (c) => origins.includes(c.req.header('origin') ?? ''),
  };
  app.get('/healthz', (c) => c.json({ ok: true, reason: null }));
  app.use(headers, bodyLimit({ maxSize: longestForm }), async (c, next) => {
    // A name of another site that leads to this address would make its pages our own.
    if (!hosts.includes(c.req.header('host') ?? '') && !proxy.sends(c))
      return textPage(c, 421, 'Not this address', `The console is at ${origins[0]} (CONSOLE_URL).`);
    await next();
    c.header('cache-control', 'no-store');
    return undefined;
  });
  const [style, script] = [asset('console.css'), asset('live.mjs')];
  app.get('/console.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }));
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.get('/live.mjs', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  addSignIn(app, desk);
  addPages(app, desk);
  app.notFound((c) => textPage(c, 404, 'Not found', 'There is no such page.'));
  app.onError((thrown, c) => {
    logger.warn({ path: c.req.path, error: oneLine(thrown, 1_000) }, 'a page failed');
    return textPage(c, 500, 'This page failed', oneLine(thrown, 500));
  });
  return app;
}
