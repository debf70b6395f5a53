import { type Deleted, signalDeleted } from '../../../client/signal-deleted';
import { catalogue } from '../../../contracts/catalogue';

const aggregateTypes = [...new Set(catalogue.map(({ aggregateType }) => aggregateType))];
const signal = (deleted: unknown) => {
  const query = () => Promise.resolve({ rows: [] });
  return signalDeleted({ pool: { query }, workflows: {} } as never, deleted as Deleted);
};

it.each(aggregateTypes.filter((type) => !['post', 'user'].includes(type)))(
  'says what to do instead of signalling that a %s is deleted',
  async (aggregateType) => {
    const refused = signal({ aggregateType, aggregateId: 'x' });
    await expect(refused).rejects.toThrow(TypeError);
    await expect(refused).rejects.not.toThrow('there are post, message, user');
  },
);

it.each(['post', 'user'])('takes a %s', async (aggregateType) => {
  expect(await signal({ aggregateType, aggregateId: 'x' })).toEqual([]);
});

it('needs the id of a message beside its conversation', async () => {
  await expect(signal({ aggregateType: 'message', aggregateId: 'x' })).rejects.toThrow('needs its id as subjectId');
  expect(await signal({ aggregateType: 'message', aggregateId: 'x', subjectId: 'y' })).toEqual([]);
});
