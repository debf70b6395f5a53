/** The header with which a run gives its first step the moment at which Temporal had the run, epoch milliseconds of Temporal's clock. */
export const runBeganHeader = 'nova-run-began';
