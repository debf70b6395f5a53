import { catalogue, definitionOf, spellingsOf } from '../../../contracts/catalogue';
import { effectNames, effectOf } from '../../../contracts/effects';
import { siblingQueue, workflowTypes } from '../../../contracts/workflow-types';
import { maintenanceWorkflows } from '../../../contracts/maintenance';
import { topicNames } from '../../../contracts/kafka';
import { priorityName, temporalPriorityKey } from '../../../contracts/priority';
import * as workflows from '../../../workflows';

/** What services and subscribers rely on, written down a second time on purpose: type → priority, Kafka key and acting user. */
const required = {
  'content.post.created': ['normal', 'post_id', 'user_id'],
  'content.post.updated': ['normal', 'post_id', 'user_id'],
  'content.post.status_updated': ['normal', 'post_id', 'user_id'],
  'content.post.deleted': ['normal', 'post_id', 'user_id'],
  'media.upload.completed': ['normal', 'upload_id', 'user_id'],
  'identity.user.created': ['normal', 'user_id', 'user_id'],
  'identity.user.profile_updated': ['normal', 'user_id', 'user_id'],
  'identity.user.deleted': ['high', 'user_id', 'user_id'],
  'message.persisted': ['high', 'conversation_id', 'sender_id'],
  'message.edited': ['high', 'conversation_id', 'editor_id'],
  'message.deleted': ['high', 'conversation_id', 'deleter_id'],
  'reaction.added': ['normal', 'target_id', 'user_id'],
  'reaction.removed': ['normal', 'target_id', 'user_id'],
  'follow.added': ['normal', 'follower_id', 'follower_id'],
  'follow.removed': ['normal', 'follower_id', 'follower_id'],
  'comment.created': ['high', 'post_id', 'user_id'],
  'live.stream.started': ['critical', 'stream_id', 'user_id'],
  'security.alert.raised': ['critical', 'user_id', null],
};

describe('the catalogue', () => {
  it('has every required type with its priority, Kafka key and acting user', () => {
    expect(Object.fromEntries(catalogue.map((e) => [e.type, [e.priority, e.partitionKey, e.actor]]))).toEqual(required);
  });

  it.each(catalogue.map((e) => [e.type, e] as const))(
    '%s: dotted name, a meaning, and and each workflow it may start runs on the queue of an effect',
    (_type, e) => {
      expect(e.type).toMatch(/^[a-z]+(\.[a-z_]+)+$/);
      expect(e.meaning).toMatch(/^[A-Z].{15,}\.$/);
      for (const workflow of typeof e.workflow === 'string' ? [e.workflow] : e.workflow.among) {
        const { queue } = workflowTypes[workflow];
        expect(effectNames).toContain(queue);
        expect(effectOf(queue).workflows).toHaveProperty(workflow);
      }
    },
  );

  it('names a registered workflow for every type, and registers no other', () => {
    const used = new Set(
      catalogue.flatMap(({ workflow }) => (typeof workflow === 'string' ? [workflow] : workflow.among)),
    );
    expect([...used].sort()).toEqual(Object.keys(workflowTypes).sort());
    const registered = [...Object.keys(workflowTypes), ...Object.keys(maintenanceWorkflows)];
    expect(Object.keys(workflows).sort()).toEqual(registered.sort());
  });

  it.each([
    ['PostCreated', 'content.post.created'],
    ['post_created', 'content.post.created'],
    ['UserDeletedEvent', 'identity.user.deleted'],
    ['message_persisted', 'message.persisted'],
    ['MessageCreated', 'message.persisted'],
    ['ReactionAdded', 'reaction.added'],
  ])('understands the older name %s', (alias, type) => {
    expect(definitionOf(alias)?.type).toBe(type);
    expect(spellingsOf(definitionOf(alias)!.type)).toContain(alias);
  });
});

describe('names derived from the contracts', () => {
  it('topics are per domain, with overrides', () => {
    expect(topicNames('nova')).toMatchObject({ content: 'nova.content.events', media: 'nova.media.events' });
    expect(topicNames('nova', { media: 'uploads' }).media).toBe('uploads');
  });

  it('a workflow finds the queue of another effect from its own', () => {
    expect(siblingQueue('nova-staging-feed', 'kafka')).toBe('nova-staging-kafka');
  });

  it('priorities map to Temporal’s keys, and a number that is none is an error', () => {
    expect([0, 1, 2, 3].map((p) => temporalPriorityKey(p as 0))).toEqual([1, 2, 3, 4]);
    expect(() => priorityName(9)).toThrow(/9 is not one of 0 \(critical\) to 3 \(low\)/);
  });
});
