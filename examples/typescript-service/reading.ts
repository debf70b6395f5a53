/** Feeds and inboxes over HTTP, for services and apps in any language: GET /feeds/<user id>?cursor=… and GET /inboxes/<user id>. */
import { createServer, type Server } from 'node:http';
import { FeedReader, type FeedReaderOptions } from '../../client/feed';
import { Inbox } from '../../client/inbox';

export function readingEndpoint({ database, redis }: Pick<FeedReaderOptions, 'database' | 'redis'>): Server {
  const feeds = new FeedReader({ database, redis });
  const inbox = new Inbox(database);
  const bodyOf = async (url: URL): Promise<object | undefined> => {
    const [, what, user = ''] = url.pathname.split('/');
    if (what === 'feeds') return feeds.page(user, { cursor: url.searchParams.get('cursor') });
    if (what === 'inboxes') return { unread: await inbox.unreadCount(user), ...(await inbox.list(user)) };
    return undefined;
  };
  return createServer((request, response) => {
    // … who asks, and whether this is their feed, is checked here …
    bodyOf(new URL(request.url ?? '/', 'http://service')).then(
      (body) =>
        response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? { error: 'no such page' })),
      // A user id or a cursor that is none is the caller's mistake.
      (thrown: unknown) =>
        response.writeHead(thrown instanceof RangeError ? 400 : 503).end(JSON.stringify({ error: String(thrown) })),
    );
  });
}
