import { parseTraceparent, spanIdOfRun, traceparentOf } from '../../../contracts/trace-context';

const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];

it('reads a trace context and writes it as it was', () => {
  const text = `00-${trace}-${span}-01`;
  const parsed = parseTraceparent(text);
  expect(parsed).toEqual({ traceId: trace, spanId: span, flags: 1 });
  expect(traceparentOf(parsed!)).toBe(text);
});

it.each([
  null,
  undefined,
  '',
  'x',
  `00-${trace}-${span}`,
  `00-${trace}-${span}-01-x`,
  `ff-${trace}-${span}-01`,
  `00-${'0'.repeat(32)}-${span}-01`,
  `00-${trace}-${'0'.repeat(16)}-01`,
  `00-${trace.toUpperCase()}-${span}-01`,
])('takes %p for none', (text) => expect(parseTraceparent(text)).toBeUndefined());

it('makes the id of a span from that of a run', () => {
  const id = spanIdOfRun('0190a1b2-c3d4-7e5f-8a1b-0123456789ab');
  expect(id).toBe('8a1b0123456789ab');
  expect(parseTraceparent(`00-${trace}-${id}-01`)).toBeDefined();
});
