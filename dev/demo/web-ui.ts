/** Where to look at the run's workflows, or null when no Web UI is known. */
export function webUiUrl(uiUrl: string | null, namespace: string, query: string): string | null {
  return uiUrl === null
    ? null
    : `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(query)}`;
}
