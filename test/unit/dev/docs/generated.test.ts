import { staleFiles } from '../../../../dev/docs/generate';

describe('generated documents', () => {
  it('are what the catalogue, the failure table and the settings say today (else: npm run docs:generate)', async () => {
    expect(await staleFiles()).toEqual([]);
  });
});
