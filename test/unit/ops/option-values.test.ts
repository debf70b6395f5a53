import { codeFrom, limitFrom } from '../../../ops/terminal/option-values';

it.each(['abc', '0', '1.5', '-1', '', '100001'])('a limit of %j is refused before any server is asked', (text) => {
  expect(() => limitFrom(text)).toThrow(`--limit ${text} is no whole number from 1 to 100000`);
});

it('a failure code that there is not is refused, with the one that was meant', () => {
  expect(() => codeFrom('INVALID_PAYLOD')).toThrow('did you mean INVALID_PAYLOAD?');
  expect(() => codeFrom('NOPE')).toThrow('--code NOPE is not in docs/failures.md');
  expect([limitFrom('50'), codeFrom('INVALID_PAYLOAD')]).toEqual([50, 'INVALID_PAYLOAD']);
});
