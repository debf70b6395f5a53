import { diag, trace } from '@opentelemetry/api';
import { setting } from './config';
import { oneLine } from './errors';
import { type Service } from './lifecycle';
import { type Logger } from './logger';
import { sayRepeated } from './repeated-failures';
import { makeProvider } from './tracer-provider';
import { useTracer } from './traces';
import { within } from './within';

/** Where spans go. The library reads the other variables of the standard itself (docs/decisions/0026-traces.md). */
export const tracingSettings = {
  otelEndpoint: setting.optionalText(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'Base URL of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`: the spans of events go to `/v1/traces` there. Empty, like the next one: nothing is traced. The other OTEL_ variables of the standard count too: OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_*.',
  ),
  otelTracesEndpoint: setting.optionalText(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'The whole URL for spans, where it is not the usual path below OTEL_EXPORTER_OTLP_ENDPOINT.',
  ),
  otelServiceName: setting.optionalText(
    'OTEL_SERVICE_NAME',
    'Name of the process in traces; empty: `nova-bridge`, `nova-workers`.',
  ),
  otelSdkDisabled: setting.boolean('OTEL_SDK_DISABLED', 'Nothing is traced, whatever the endpoints are.', {
    fallback: 'false',
  }),
} as const;

interface TracingConfig {
  readonly otelEndpoint: string;
  readonly otelTracesEndpoint: string;
  readonly otelServiceName: string;
  readonly otelSdkDisabled: boolean;
}

/** How long the end of a process waits for a collector that does not reply, milliseconds. */
const lastSpansMs = 3_000;

/** Makes spans of events and sends them to a collector; off unless an endpoint is set, and nothing of the library is loaded then. */
export class Tracing implements Service {
  readonly name = 'tracing';
  private shutdown: (() => Promise<void>) | undefined;

  constructor(
    private readonly config: TracingConfig,
    private readonly serviceName: string,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    const { otelEndpoint, otelTracesEndpoint, otelServiceName, otelSdkDisabled } = this.config;
    if (otelSdkDisabled || (otelEndpoint === '' && otelTracesEndpoint === '')) return;
    diag.setLogger(ofLibrary(this.logger));
    const provider = await makeProvider(otelServiceName === '' ? this.serviceName : otelServiceName);
    provider.register();
    useTracer(provider.getTracer('nova-side-effects'));
    this.shutdown = () => provider.shutdown();
    this.logger.info('events are traced (OTEL_EXPORTER_OTLP_ENDPOINT)');
  }

  /** Sends what is left; a collector that does not reply does not hold up the end. */
  async stop(): Promise<void> {
    useTracer(undefined);
    if (this.shutdown === undefined) return;
    await within(lastSpansMs, this.shutdown(), () => new Error('the collector does not reply')).catch(() => undefined);
    trace.disable();
    diag.disable();
  }
}

/** A collector that is away is said once, and then once a minute; events do not wait for it. */
function ofLibrary(logger: Logger) {
  const quiet = (message: string): void => logger.debug({ error: message }, 'tracing');
  const say = (message: string): void => {
    const text = 'tracing: spans are lost (OTEL_EXPORTER_OTLP_ENDPOINT)';
    sayRepeated(logger, { key: text, level: 'warn', fields: { error: oneLine(message) }, message: text });
  };
  return { error: say, warn: quiet, info: quiet, debug: quiet, verbose: () => undefined };
}
