import { checkPostsShown } from '../../../../proof/checks/posts-shown';
import { id, truthOf } from './truth-of';

const [live, deleted, archived] = [id('1'), id('2'), id('3')];
const post = { authorId: id('a'), status: 'published', caption: 'new words' };
const truth = truthOf({
  posts: new Map([
    [live, post],
    [deleted, { ...post, status: 'deleted' }],
    [archived, { ...post, status: 'archived' }],
  ]),
});
const feeds = (...postIds: string[]) =>
  new Map([[id('b'), { entries: postIds.map((postId) => ({ postId, score: 1 })), bound: null }]]);
const seen = (change: object = {}) => ({
  redis: { feeds: feeds(live), captions: new Map([[live, 'new words']]), ...change },
  notices: [{ subjectType: 'post', subjectId: live, eventId: id('9'), retracted: false }],
});

describe('the posts check', () => {
  it('holds when deleted posts are nowhere and live ones have their newest caption', () => {
    expect(checkPostsShown(truth, seen())).toMatchObject({
      ok: true,
      counts: { posts: 3, deleted: 1, resurrected: 0 },
    });
  });

  it('shows as much of a long caption as a feed does', () => {
    const long = truthOf({ posts: new Map([[live, { ...post, caption: '€'.repeat(600) }]]) });
    expect(checkPostsShown(long, seen({ captions: new Map([[live, '€'.repeat(500)]]) })).ok).toBe(true);
  });

  it('fails when a deleted post is back in a feed, an inbox or the cache', () => {
    expect(checkPostsShown(truth, seen({ feeds: feeds(live, deleted) }))).toMatchObject({
      ok: false,
      counts: { resurrected: 1 },
    });
    const inbox = { ...seen(), notices: [{ ...seen().notices[0]!, subjectId: deleted }] };
    expect(checkPostsShown(truth, inbox)).toMatchObject({ ok: false, counts: { resurrected: 1 } });
    const cached = (postId: string) =>
      new Map([
        [live, 'new words'],
        [postId, 'new words'],
      ]);
    expect(checkPostsShown(truth, seen({ captions: cached(deleted) })).ok).toBe(false);
    expect(checkPostsShown(truth, seen({ captions: cached(archived) })).ok).toBe(false);
  });

  it('fails when the posts of a deleted author are still shown', () => {
    expect(checkPostsShown({ ...truth, gone: new Map([[id('a'), 'deleted']]) }, seen()).ok).toBe(false);
  });

  it('fails when an edit is not shown, and does not show the text', () => {
    const result = checkPostsShown(truth, seen({ captions: new Map([[live, 'old words']]) }));
    expect(result).toMatchObject({ ok: false, counts: { stale: 1 } });
    expect(result.offenders.join()).not.toContain('words');
    expect(checkPostsShown(truth, seen({ captions: new Map() })).ok).toBe(false);
  });
});
