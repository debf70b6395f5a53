import { type Client } from 'pg';
import { type RecordedStatement } from '../support/recorded-statements';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A scan that read more rows than a statement may. */
export interface WideScan {
  /** Of the statement itself, or of one inside a function that it calls; on one line. */
  readonly statement: string;
  readonly from: string;
  readonly scan: string;
  readonly rows: number;
}

/** Makes the server report the plan of every statement of this session, those inside functions too. */
export async function armAutoExplain(client: Client): Promise<void> {
  await client.query(`LOAD 'auto_explain'`);
  const settings = {
    ...{ log_min_duration: '0', log_analyze: 'on', log_timing: 'off', log_nested_statements: 'on', log_format: 'json' },
  };
  for (const [name, value] of Object.entries(settings)) await client.query(`SET auto_explain.${name} = '${value}'`);
  await client.query('SET client_min_messages = log');
}

/** Runs a statement in a transaction that is rolled back; the plans are those that really ran. */
export async function wideScans(
  client: Client,
  { text, values, from }: RecordedStatement,
  limit: number,
): Promise<{ found: WideScan[]; error?: string }> {
  const plans: { statement: string; plan: PlanNode }[] = [];
  const onNotice = ({ message = '' }: { message?: string | undefined }): void => {
    const at = message.indexOf('{');
    if (!message.startsWith('duration:') || at < 0) return;
    const { 'Query Text': statement, Plan: plan } = JSON.parse(message.slice(at)) as {
      'Query Text': string;
      Plan: PlanNode;
    };
    plans.push({ statement, plan });
  };
  let error: string | undefined;
  client.on('notice', onNotice);
  try {
    await client.query('BEGIN');
    await client.query(text, [...values]);
  } catch (thrown) {
    error = String((thrown as Error).message);
  } finally {
    await client.query('ROLLBACK');
    client.off('notice', onNotice);
  }
  const found = plans.flatMap(({ statement, plan }) =>
    scansOf(plan)
      .filter(({ rows }) => rows > limit)
      .map(({ scan, rows }) => ({ statement: statement.replace(/\s+/g, ' ').trim(), from, scan, rows })),
  );
  return { found, ...(error !== undefined && { error }) };
}

function scansOf(node: PlanNode): { scan: string; rows: number }[] {
  const loops = node['Actual Loops'] ?? 0;
  const read =
    (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const own = node['Node Type'].includes('Scan')
    ? [{ scan: `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim(), rows: Math.round(read * loops) }]
    : [];
  return [...own, ...(node.Plans ?? []).flatMap(scansOf)];
}
