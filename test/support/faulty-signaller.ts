import { Client } from '@temporalio/client';
import { Pool } from 'pg';
import { signalDeleted } from '../../client/signal-deleted';
import { connectClient } from '../../runtime/temporal';
import { configFrom, sharedSettings } from '../../runtime/config';
import { obeyFaultOrders } from './faulty-process';

/** A service that says once that a post is gone, and ends. */
async function main(): Promise<void> {
  const config = configFrom(sharedSettings.temporal, process.env);
  const connection = connectClient(config);
  const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 1 });
  try {
    const workflows = new Client({ connection, namespace: config.temporalNamespace }).workflow;
    const signalled = await signalDeleted(
      { pool, workflows },
      { aggregateType: 'post', aggregateId: process.env['POST_ID'] ?? '' },
    );
    console.log(JSON.stringify({ signalled }));
  } finally {
    await Promise.all([pool.end(), connection.close()]);
  }
}

obeyFaultOrders();
main().catch((thrown: unknown) => {
  console.error(String(thrown));
  process.exitCode = 1;
});
