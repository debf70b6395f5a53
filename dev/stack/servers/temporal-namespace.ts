import { msToTs } from '@temporalio/common/lib/time';
import { temporal as proto } from '@temporalio/proto';
import { searchAttributes } from '../../../contracts/search-attributes';
import type { StackAddresses } from '../addresses';
import { missingSearchAttributes, withConnection } from '../health/temporal';

/** As in production: how long a closed run is kept, which is also how long its workflow id is refused to others. */
const retention = msToTs('7 days');

/** Makes the namespace, its retention and its search attributes what the product expects, also on a server that runs already. */
export async function furnishTemporal({ temporalAddress, temporalNamespace: namespace }: StackAddresses): Promise<void> {
  await withConnection(temporalAddress, async (connection) => {
    const { workflowService, operatorService } = connection;
    const { namespaces } = await workflowService.listNamespaces({});
    const config = { workflowExecutionRetentionTtl: retention };
    if (namespaces.some((known) => known.namespaceInfo?.name === namespace)) {
      await workflowService.updateNamespace({ namespace, config });
    } else {
      await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
    }
    const missing = await missingSearchAttributes(connection, namespace);
    if (missing.length === 0) return;
    const attributes = Object.entries(searchAttributes).filter(([name]) => missing.includes(name));
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(attributes.map(([name, type]) => [name, valueTypes[type]])),
    });
  });
}

const valueTypes = { KEYWORD: proto.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD } as const;
