import { msToTs } from '@temporalio/common/lib/time';
import { ensureSearchAttributes } from '../../../migrations/search-attributes';
import type { StackAddresses } from '../addresses';
import { withConnection } from '../health/temporal';

/** As in production: how long a closed run is kept, which is also how long its workflow id is refused to others. */
const retention = msToTs('7 days');

/** Makes the namespace, its retention and its search attributes what the product expects, also on a server that runs already. */
export async function furnishTemporal({
  temporalAddress,
  temporalNamespace: namespace,
}: StackAddresses): Promise<void> {
  await withConnection(temporalAddress, async (connection) => {
    const { namespaces } = await connection.workflowService.listNamespaces({});
    const known = namespaces.find((each) => each.namespaceInfo?.name === namespace);
    if (known === undefined) {
      await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
    } else if (known.config?.workflowExecutionRetentionTtl?.seconds?.toString() !== retention.seconds?.toString()) {
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: retention },
      });
    }
    await ensureSearchAttributes(connection, namespace);
  });
}
