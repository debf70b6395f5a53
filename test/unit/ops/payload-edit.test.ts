import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payloadDiff } from '../../../ops/dead-letters/payload-diff';
import { editedPayload } from '../../../ops/dead-letters/payload-edit';

const payload = { user_id: 7, mentions: ['a', 'b'], media: { width: 3 }, caption: 'x' };
const edited = (options: Parameters<typeof editedPayload>[1]) => editedPayload(payload, options, undefined);

describe('a payload that a person corrects', () => {
  it('is changed field by field, values as JSON or else as text, and stays itself otherwise', () => {
    const after = edited({
      set: ['user_id=u-1', 'mentions.1="c"', 'media.width=4', 'new={"a":[1]}'],
      unset: ['caption'],
    });
    expect(after).toEqual({ user_id: 'u-1', mentions: ['a', 'c'], media: { width: 4 }, new: { a: [1] } });
    expect(edited({ unset: ['mentions.0'] })).toMatchObject({ mentions: ['b'] });
    expect(payload).toEqual({ user_id: 7, mentions: ['a', 'b'], media: { width: 3 }, caption: 'x' });
  });

  it('is taken as a whole from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-edit-'));
    const file = join(folder, 'payload.json');
    writeFileSync(file, '{"user_id": "u-2"}');
    expect(edited({ file })).toEqual({ user_id: 'u-2' });
    writeFileSync(file, '{"user_id": ');
    expect(() => edited({ file })).toThrow(/payload\.json is not JSON/);
    rmSync(folder, { recursive: true });
  });

  it('is refused with what is possible', () => {
    expect(() => edited({})).toThrow(/--set path=value, --file <path>/);
    expect(() => edited({ set: ['user_id'] })).toThrow('--set user_id: path=value');
    expect(() => edited({ set: ['nothing.here=1'] })).toThrow('there is no nothing');
    expect(() => edited({ set: ['a=1'], file: 'x' })).toThrow('exclude each other');
  });
});

describe('what differs between two payloads', () => {
  it('is said place by place, also where a list or an object becomes empty', () => {
    const after = { user_id: 'u-1', mentions: ['a'], media: {}, caption: 'x' };
    expect(payloadDiff(payload, after)).toEqual([
      ...['+ media: {}', '- media.width: 3', '- mentions.1: "b"', '- user_id: 7', '+ user_id: "u-1"'],
    ]);
    expect(payloadDiff(payload, structuredClone(payload))).toEqual([]);
  });
});
