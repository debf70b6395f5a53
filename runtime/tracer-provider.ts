import { hostname } from 'node:os';
import { type NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { takeSpanId } from './traces';

/**
 * Loads the library, and sends spans where the OTEL_ variables of the process say: address, headers, sampler and sizes are theirs.
 * Ids are random, but for a span whose id was known before it is made.
 */
export async function makeProvider(serviceName: string): Promise<NodeTracerProvider> {
  const [sdk, { OTLPTraceExporter }, { detectResources, envDetector, resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const random = new sdk.RandomIdGenerator();
  const own = { 'service.name': serviceName, 'service.instance.id': `${hostname()}-${process.pid}` };
  return new sdk.NodeTracerProvider({
    resource: detectResources({ detectors: [envDetector] }).merge(resourceFromAttributes(own)),
    idGenerator: {
      generateTraceId: () => random.generateTraceId(),
      generateSpanId: () => takeSpanId() ?? random.generateSpanId(),
    },
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())],
  });
}
