import { type EventRef } from '../../../../contracts/event-ref';
import { type EmitRow } from '../../../../activities/emit/pg-emit-log';
import { tracedRows } from '../../../../activities/emit/traced-rows';

const written = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const ofRun = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01';
const row = (traceparent: string | null) => ({ eventId: 'e', traceparent }) as EmitRow;
const headers = (rows: EmitRow[], asked: Partial<EventRef>[]) =>
  tracedRows(rows, asked as EventRef[]).rows.map(({ traceparent }) => traceparent);

describe('where nothing is traced', () => {
  it('a message has the trace context of its run, or what the writer gave', () => {
    expect(headers([row(written)], [{ eventId: 'e', traceparent: ofRun }])).toEqual([ofRun]);
    expect(headers([row(written)], [{ eventId: 'another' }])).toEqual([written]);
    expect(headers([row(null)], [])).toEqual([null]);
  });

  it('a malformed trace context, however long, is left out', () => {
    expect(headers([row('x'.repeat(1e6)), row('00-abc-def-01')], [])).toEqual([null, null]);
  });
});
