import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { catalogue, domainOf, type EventType, type PayloadInput, spellingsOf } from '../../../contracts/catalogue';
import {
  contentOf,
  noticeOf,
  profileOf,
  publicationOf,
  tombstoneOf,
  typesThatCreate,
} from '../../../contracts/consequences';
import { followId, usersOfFollow } from '../../../contracts/events/consequences';
import { followChangeOf } from '../../../contracts/events/follow-change';
import { domainOfSubject, kindsOf } from '../../../contracts/sequence-domains';
import { parseEvent } from '../../../contracts/parse-event';
import { checkoutRoot } from '../../../dev/stack/paths';
import { newId } from '../../support/events';
import { productRooms, sourcesOf } from '../../support/product-files';

const [a, b, c, user] = [newId(), newId(), newId(), newId()];

function said<T extends EventType>(eventType: T, payload: PayloadInput<T>) {
  return { eventType, sequence: 7, payload: parseEvent({ eventType, aggregateId: a, payload }).payload };
}

const status = (new_status: 'published' | 'archived' | 'deleted') =>
  said('content.post.status_updated', { post_id: a, user_id: user, new_status });

describe('the one rule for deletes', () => {
  it.each([
    [said('content.post.deleted', { post_id: a, user_id: user }), ['post', a, true, 'post deleted']],
    [status('deleted'), ['post', a, true, 'post deleted']],
    [status('archived'), ['post', a, false, 'post archived']],
    [said('message.deleted', { message_id: b, conversation_id: a }), ['message', b, true, 'message deleted']],
    [
      said('reaction.removed', { target_id: a, user_id: user, emoji: '👍' }),
      ['reaction', `${a}:${user}:👍`, false, 'reaction removed'],
    ],
    [said('follow.removed', { follower_id: a, followee_id: b }), ['follow', `${a}:${b}`, false, 'follow ended']],
    [said('identity.user.deleted', { user_id: user }), ['user', user, true, 'user deleted']],
    [said('identity.user.deleted', { user_id: user, soft_delete: true }), ['user', user, false, 'user hidden']],
  ] as const)('%j sets the tombstone of its subject', (event, [subjectType, subjectId, final, reason]) => {
    expect(tombstoneOf(event)).toEqual({ subjectType, subjectId, final, reason, sequence: 7 });
  });

  it('an event that deletes nothing sets none', () => {
    expect(tombstoneOf(said('content.post.created', { post_id: a, user_id: user }))).toBeUndefined();
    expect(tombstoneOf(status('published'))).toBeUndefined();
  });

  it('the id of a follow names both people', () => {
    expect(usersOfFollow(followId({ follower_id: a, followee_id: b }))).toEqual({ followerId: a, followeeId: b });
  });
});

describe('what an event creates', () => {
  it.each([
    [said('content.post.created', { post_id: a, user_id: user }), { contentType: 'post', contentId: a, ownerId: user }],
    [
      said('message.persisted', { message_id: b, conversation_id: a, sender_id: user }),
      { contentType: 'message', contentId: b, ownerId: user },
    ],
    [
      said('comment.created', { comment_id: c, post_id: a, user_id: user }),
      { contentType: 'comment', contentId: c, ownerId: user, postId: a },
    ],
  ] as const)('%j', (event, content) => {
    expect(contentOf(event)).toEqual(content);
    expect(typesThatCreate(content.contentType)).toEqual([event.eventType]);
  });
});

it('a status event publishes a draft, once: whom the draft mentions, and no one when it was none or mentions none', () => {
  const draft = said('content.post.created', { post_id: a, user_id: user, status: 'draft', mentioned_user_ids: [b] });
  const publication = publicationOf(status('published'));
  expect(noticeOf(draft)).toBeUndefined();
  expect(publication?.notifies(draft.payload as never)?.notified).toEqual([{ kind: 'post.mention', userIds: [b] }]);
  expect(publication?.notifies({ ...draft.payload, mentioned_user_ids: [] } as never)).toBeUndefined();
  expect(publication?.notifies({ ...draft.payload, status: 'published' } as never)).toBeUndefined();
  expect(publicationOf(status('archived'))).toBeUndefined();
});

it('an identity event says what it carries of a user, and nothing of what it does not', () => {
  expect(profileOf(said('identity.user.created', { user_id: user, username: 'ada' }))).toEqual({
    userId: user,
    username: 'ada',
    email: undefined,
  });
  expect(profileOf(said('identity.user.deleted', { user_id: user }))).toBeUndefined();
});

describe('which sequences may be compared', () => {
  const samples = [
    said('content.post.created', { post_id: a, user_id: user, mentioned_user_ids: [b] }),
    said('content.post.deleted', { post_id: a, user_id: user }),
    ...(['published', 'archived', 'deleted'] as const).map(status),
    said('message.persisted', {
      message_id: b,
      conversation_id: a,
      sender_id: user,
      mentioned_user_ids: [c],
      recipient_ids: [b],
    }),
    said('message.deleted', { message_id: b, conversation_id: a }),
    said('reaction.added', { target_id: a, target_type: 'post', user_id: user, emoji: '👍' }),
    said('reaction.removed', { target_id: a, user_id: user, emoji: '👍' }),
    said('follow.added', { follower_id: a, followee_id: b }),
    said('follow.removed', { follower_id: a, followee_id: b }),
    said('comment.created', { comment_id: c, post_id: a, user_id: user, mentioned_user_ids: [b] }),
    said('identity.user.deleted', { user_id: user }),
    said('live.stream.started', { stream_id: a, user_id: user }),
    said('security.alert.raised', { alert_id: a, user_id: user, kind: 'new_login' }),
  ];

  it('there is a sample of every type that notifies people or makes something void', () => {
    const types = catalogue.filter(({ notifies, voids }) => (notifies ?? voids) !== undefined).map(({ type }) => type);
    expect([...new Set(samples.map(({ eventType }) => eventType))].sort()).toEqual(types.sort());
  });

  it.each(samples)('$eventType: its tombstone and its notices are of its own domain', (event) => {
    const domain = domainOf(event);
    const voided = tombstoneOf(event);
    const draft = { ...samples[0]?.payload, status: 'draft' } as never;
    const notice = noticeOf(event) ?? publicationOf(event)?.notifies(draft);
    const kinds = notice && [notice.owner?.kind, notice.followersOf?.kind, ...notice.notified.map(({ kind }) => kind)];
    const own = new Set<string | undefined>([undefined, ...kindsOf(domain)]);
    expect(voided === undefined ? domain : domainOfSubject[voided.subjectType]).toBe(domain);
    expect((kinds ?? []).filter((kind) => !own.has(kind))).toEqual([]);
  });
});

describe('the workflow that an event starts has something to do', () => {
  const starts = (workflow: string) =>
    catalogue.filter((e) =>
      (typeof e.workflow === 'string' ? [e.workflow] : e.workflow.among).includes(workflow as never),
    );

  it('retractionWorkflow: each event voids something', () => {
    expect(starts('retractionWorkflow').filter(({ voids }) => voids === undefined)).toEqual([]);
  });

  it('notificationWorkflow: each event notifies people', () => {
    expect(starts('notificationWorkflow').filter(({ notifies }) => notifies === undefined)).toEqual([]);
  });

  it('identityWorkflow: each event says something of a user, or that they are gone', () => {
    expect(starts('identityWorkflow').filter(({ profile, voids }) => (profile ?? voids) === undefined)).toEqual([]);
  });

  it('followWorkflow: each event begins a follow and notifies of it, or ends one and voids it', () => {
    const done = starts('followWorkflow').map(({ type, notifies, voids }) => ({
      change: followChangeOf({ eventType: type }),
      notifies: notifies !== undefined,
      voids: voids !== undefined,
    }));
    expect(done).toEqual([
      { change: 'begins', notifies: true, voids: false },
      { change: 'ends', notifies: false, voids: true },
    ]);
  });
});

describe('what differs between event types stands in their definitions alone', () => {
  const spellings = new Set(catalogue.flatMap(({ type }) => spellingsOf(type)));
  const mention = new RegExp([...spellings, 'aggregate_?type'].join('|'), 'i');
  const isAggregateType = (node: ts.Node): boolean => /\baggregate_?type$/i.test(node.getText());
  /** Event types as values, not as types; and what compares an aggregate type with a text. */
  const namedIn = (path: string, source: string): string[] => {
    const named: string[] = [];
    // Most files name none, and need not be read as code.
    if (!mention.test(source)) return named;
    const visit = (node: ts.Node): void => {
      const isValue = ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(node.parent);
      if (isValue && spellings.has(node.text)) named.push(`${path}: '${node.text}'`);
      if (ts.isBinaryExpression(node) || ts.isSwitchStatement(node)) {
        const [one, other] = ts.isSwitchStatement(node)
          ? [node.expression, node.caseBlock.clauses.find(ts.isCaseClause)?.expression]
          : [node.left, node.right];
        const sides = [one, other].flatMap((side) => side ?? []);
        if (sides.some(isAggregateType) && sides.some(ts.isStringLiteralLike)) named.push(`${path}: ${one.getText()}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true));
    return named;
  };

  it('no workflow, activity or process knows a type by name', () => {
    // What a delete of a message names is in the arguments of signalDeleted.
    const known = ['client/signal-deleted.ts: aggregateType'];
    const rooms = productRooms.filter((room) => room !== 'contracts');
    const named = sourcesOf(rooms).flatMap((path) => namedIn(path, readFileSync(join(checkoutRoot, path), 'utf8')));
    expect(named).toEqual(known);
  });

  it('one that did would be found', () => {
    const found = (source: string) => namedIn('x.ts', source).length;
    expect(found(`const yes = event.eventType === 'follow.added';`)).toBe(1);
    expect(found(`const table = { ReactionAdded: 1, 'reaction_added': 2 };`)).toBe(1);
    expect(found('switch (type) { case `message.edited`: done(); }')).toBe(1);
    expect(found(`if (row.aggregate_type !== 'post') return;`)).toBe(1);
    expect(found(`switch (event.aggregateType) { case 'user': done(); }`)).toBe(1);
    expect(found(`const { payload } = await load<'follow.added'>(event); const type = 'post';`)).toBe(0);
  });
});
