import { z } from 'zod';
import { type Setting } from './config';

/** Part of the settings of each process that shows links to Temporal's Web UI. */
export const webUiSettings = {
  temporalUiUrl: {
    env: 'TEMPORAL_UI_URL',
    fallback: '',
    meaning: 'Temporal’s Web UI, for links to runs; empty: there are none.',
    allowed: 'a URL that begins with http:// or https://, or empty',
    schema: z.string().refine((text) => text === '' || (/^https?:/.test(text) && URL.canParse(text))),
  } satisfies Setting<string>,
};

/** The list of the runs that a query finds; null: no Web UI is known. */
export function webUiUrl(uiUrl: string | null, namespace: string, query: string): string | null {
  const base = workflowsOf(uiUrl, namespace);
  return base === null ? null : `${base}?query=${encodeURIComponent(query)}`;
}

/** The page of one run; null: no Web UI is known. */
export function webUiUrlOfRun(
  uiUrl: string | null,
  namespace: string,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
): string | null {
  const base = workflowsOf(uiUrl, namespace);
  return base === null ? null : `${base}/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}`;
}

function workflowsOf(uiUrl: string | null, namespace: string): string | null {
  return uiUrl === null || uiUrl === ''
    ? null
    : `${uiUrl.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
}
