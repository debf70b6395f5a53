import { cloudEventsOf, topicsOf } from '../../../activities/emit/settings';
import { configFrom } from '../../../runtime/config';
import { workerSettings } from '../../../workers/settings';
import { workerDeployment } from '../../../workers/worker-deployment';

const required = { DATABASE_URL: 'postgres://localhost/nova' };
const config = (environment: Record<string, string>) => configFrom(workerSettings, { ...required, ...environment });

it('works on every queue unless set otherwise', () => {
  expect(config({}).workerQueues).toEqual(['feed', 'media', 'notification', 'identity', 'kafka', 'maintenance']);
  expect(config({ WORKER_QUEUES: ' feed, kafka,feed ' }).workerQueues).toEqual(['feed', 'kafka']);
});

it('takes versions of workers only with a build id, and runs go on at the newest current one', () => {
  const deployment = (environment: Record<string, string>) =>
    workerDeployment(config({ TASK_QUEUE_PREFIX: 'eu', ...environment }));
  expect(deployment({})).toBeUndefined();
  expect(() => deployment({ WORKER_VERSIONING: 'true' })).toThrow(
    'configuration: WORKER_VERSIONING=true needs TEMPORAL_WORKER_BUILD_ID, which is not set',
  );
  const buildId = { TEMPORAL_WORKER_BUILD_ID: '7' };
  const version = { deploymentName: 'eu', buildId: '7' };
  expect(deployment(buildId)).toEqual({ version, useWorkerVersioning: false });
  expect(deployment({ ...buildId, WORKER_VERSIONING: 'true', TEMPORAL_DEPLOYMENT_NAME: 'n' })).toEqual({
    version: { ...version, deploymentName: 'n' },
    ...{ useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  });
});

it('names the queues there are when it is given one that is not', () => {
  expect(() => config({ WORKER_QUEUES: 'feed,fead' })).toThrow(
    'WORKER_QUEUES="feed,fead" must be one or more of feed, media, notification, identity, kafka',
  );
});

it.each([
  [{}, 'nova.media.events'],
  [{ KAFKA_TOPIC_PREFIX: 'eu' }, 'eu.media.events'],
  [{ KAFKA_EVENTS_TOPIC: 'general' }, 'general'],
  [{ KAFKA_EVENTS_TOPIC: 'general', KAFKA_MEDIA_EVENTS_TOPIC: 'media' }, 'media'],
])('sends media events, given %j, to %s', (environment, topic) => {
  expect(topicsOf(config(environment)).media).toBe(topic);
});

it('overrides the topics that have a variable of their own, and no other', () => {
  const topics = topicsOf(config({ KAFKA_IDENTITY_EVENTS_TOPIC: 'i', KAFKA_MESSAGE_EVENTS_TOPIC: 'm' }));
  expect(topics).toMatchObject({
    identity: 'i',
    message: 'm',
    content: 'nova.content.events',
    social: 'nova.social.events',
  });
});

it('adds the headers of CloudEvents only where that is asked for, and refuses what no CloudEvent may have', () => {
  expect(cloudEventsOf(config({}))).toBeUndefined();
  const on = { KAFKA_CLOUDEVENTS: 'true' };
  expect(cloudEventsOf(config(on))).toEqual({ source: '/nova-side-effects', schemas: '' });
  const all = { ...on, KAFKA_CLOUDEVENTS_SOURCE: 'urn:eu', KAFKA_CLOUDEVENTS_SCHEMAS: 'https://example.org/s' };
  expect(cloudEventsOf(config(all))).toEqual({ source: 'urn:eu', schemas: 'https://example.org/s' });
  expect(() => config({ KAFKA_CLOUDEVENTS_SOURCE: 'our shop' })).toThrow('KAFKA_CLOUDEVENTS_SOURCE="our shop" must be');
  expect(() => config({ KAFKA_CLOUDEVENTS_SCHEMAS: 'docs/events' })).toThrow('KAFKA_CLOUDEVENTS_SCHEMAS=');
});
