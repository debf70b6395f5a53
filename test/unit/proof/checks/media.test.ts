import { checkMedia } from '../../../../proof/checks/media';
import { event, id, truthOf } from './truth-of';

const [author, named, direct, orphan] = [id('a'), id('1'), id('2'), id('3')];
const upload = (media_id: string, post_id?: string) =>
  event('media.upload.completed', { media_id, user_id: author, ...(post_id === undefined ? {} : { post_id }) });
const uploads = [upload(named), upload(direct, id('8')), upload(orphan)];
const post = event('content.post.created', { post_id: id('7'), user_id: author, media_ids: [named, id('4')] });
const live = { authorId: author, status: 'published', caption: '' };
const posts = new Map([
  [id('7'), live],
  [id('8'), live],
]);
const truth = truthOf({ events: [...uploads, post], posts });
const links = [
  { postId: id('7'), mediaId: named },
  { postId: id('8'), mediaId: direct },
];
const ended = (outcome: string | undefined) => [
  { workflowId: uploads[2]!.id, type: 'mediaLinkWorkflow', status: 'COMPLETED', outcome },
];

describe('the media check', () => {
  it('holds when what was named is linked and the orphan is unclaimed', () => {
    expect(checkMedia(truth, links, ended('unclaimed'))).toMatchObject({ ok: true, counts: { uploads: 3, links: 2 } });
  });

  it('fails when a link is missing, doubled or wrong', () => {
    expect(checkMedia(truth, links.slice(1), ended('unclaimed'))).toMatchObject({ ok: false, counts: { missing: 1 } });
    expect(checkMedia(truth, [...links, links[0]!], ended('unclaimed'))).toMatchObject({ counts: { duplicates: 1 } });
    const wrong = { postId: id('7'), mediaId: orphan };
    expect(checkMedia(truth, [...links, wrong], ended('unclaimed'))).toMatchObject({ counts: { unexpected: 1 } });
  });

  it('fails when the orphan ended as if it were linked', () => {
    expect(checkMedia(truth, links, ended(undefined)).ok).toBe(false);
  });

  it('leaves open whether a post that was deleted had been linked, and fails when it still is', () => {
    const deleted = truthOf({ ...truth, posts: new Map([...posts, [id('7'), { ...live, status: 'deleted' }]]) });
    expect(checkMedia(deleted, links.slice(1), ended('unclaimed')).ok).toBe(true);
    expect(checkMedia(deleted, links, ended('unclaimed'))).toMatchObject({ ok: false, counts: { resurrected: 1 } });
  });
});
