import { checkFeeds, faultOf } from '../../../../proof/checks/feeds';
import { type Truth } from '../../../../proof/checks/truth';
import { type StoredFeed } from '../../../../proof/observe/redis-reader';
import { event, id, truthOf } from './truth-of';

const [author, huge, reader, other] = [id('a'), id('b'), id('c'), id('d')];
const post = (name: string, authorId = author) =>
  event('content.post.created', { post_id: id(name), user_id: authorId });
const [old, fresh, gone, far] = [post('1'), post('2'), post('3'), post('4', huge)];
const crowd = Array.from({ length: 101 }, (_, i) => id(String(i)));

const truth: Truth = truthOf({
  events: [old, fresh, gone, far],
  posts: new Map([
    [id('1'), { authorId: author, status: 'published', caption: '' }],
    [id('2'), { authorId: author, status: 'published', caption: '' }],
    [id('3'), { authorId: author, status: 'deleted', caption: '' }],
    [id('4'), { authorId: huge, status: 'published', caption: '' }],
  ]),
  followers: new Map([
    [author, [reader, other]],
    [huge, [...crowd, reader]],
  ]),
});
const right = [
  { postId: id('2'), score: fresh.createdAtMs },
  { postId: id('1'), score: old.createdAtMs },
];
const feed = (entries = right, bound: number | null = null): StoredFeed => ({ entries, bound });

function check(readers: StoredFeed, change: Partial<Truth> = {}, pull = [huge]) {
  const feeds = new Map([
    [reader, readers],
    [other, feed()],
  ]);
  return checkFeeds({ ...truth, ...change }, { feeds, pullAuthors: new Set(pull) });
}

describe('the feeds check', () => {
  it('holds when every feed has the published posts of those followed, newest first', () => {
    expect(check(feed())).toMatchObject({ ok: true, counts: { feedMismatches: 0, feedEntries: 4 } });
  });

  it.each<[string, StoredFeed]>([
    ['lacks a post', feed([right[0]!])],
    ['is empty', feed([])],
    ['has a deleted post', feed([{ postId: id('3'), score: gone.createdAtMs }, ...right])],
    ['has a post that readers merge', feed([{ postId: id('4'), score: far.createdAtMs }, ...right])],
    ['has a wrong score', feed([{ postId: id('2'), score: fresh.createdAtMs + 1 }, right[1]!])],
    ['is in the wrong order', feed([right[1]!, right[0]!])],
    ['has a bound that nothing explains', feed([], 10 ** 15)],
  ])('fails when a feed %s', (_, stored) => {
    expect(check(stored)).toMatchObject({ ok: false, counts: { feedMismatches: 1 } });
  });

  it('fails when a person who follows no one has a feed', () => {
    const result = check(feed(), { followers: new Map([[author, [other]]]) }, []);
    expect(result).toMatchObject({ ok: false, offenders: [expect.stringContaining(reader)] });
  });

  it('fails when the posts of a deleted author are still there', () => {
    expect(check(feed(), { gone: new Map([[author, 'deleted']]) })).toMatchObject({ counts: { feedMismatches: 2 } });
  });

  it('keeps the posts of an author who is only hidden', () => {
    expect(check(feed(), { gone: new Map([[author, 'hidden']]) }).ok).toBe(true);
  });

  it('fails when an author over the threshold is not left to readers, or another is', () => {
    expect(check(feed(), {}, []).ok).toBe(false);
    expect(check(feed(), {}, [huge, author]).ok).toBe(false);
  });

  it('leaves open whether readers know of an author whose every post was deleted', () => {
    const posts = new Map([...truth.posts, [id('4'), { authorId: huge, status: 'deleted', caption: '' }]]);
    expect(check(feed(), { posts }, []).ok).toBe(true);
    expect(check(feed(), { posts }, [huge]).ok).toBe(true);
  });
});

describe('a feed at its cap', () => {
  const entries = [5, 4, 3, 2, 1].map((score) => ({ postId: id(String(score)), score }));
  const scores = () => entries.map(({ score }) => score);

  it('is right with the newest above its bound', () => {
    expect(faultOf(entries.slice(0, 3), { entries: entries.slice(0, 3), bound: 2 }, 3, scores)).toBeUndefined();
  });

  it('is right when one of the newest was deleted after the trim', () => {
    const left = [entries[0]!, entries[2]!];
    expect(faultOf([...left, entries[3]!], { entries: left, bound: 2 }, 3, scores)).toBeUndefined();
  });

  it('is wrong when it holds more than the cap', () => {
    expect(faultOf(entries.slice(0, 3), { entries, bound: null }, 3, scores)).toContain('more than the cap');
  });

  it('is wrong when a post above the bound is missing', () => {
    expect(faultOf(entries.slice(0, 3), { entries: entries.slice(1, 3), bound: 2 }, 3, scores)).toContain('lacks 1');
  });

  it('is wrong when the bound is higher than a trim would have set it', () => {
    expect(faultOf(entries.slice(0, 3), { entries: entries.slice(0, 2), bound: 3 }, 3, scores)).toContain(
      'bounded at 3',
    );
  });
});
