import { summaryOf } from '../../../../activities/feed/summary';

it('leaves out what an event does not carry, so that an edit of one field overwrites no other', () => {
  expect(summaryOf({ post_id: 'p', user_id: 'u', title: 'new' })).toEqual({ title: 'new' });
});

it('cuts a caption without cutting a character in two', () => {
  const { caption } = summaryOf({ caption: '😀'.repeat(600) });
  expect(caption).toBe('😀'.repeat(500));
});
