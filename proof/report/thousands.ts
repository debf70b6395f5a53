/** `1234567` → `1,234,567`, wherever the demo runs. */
export const thousands = (count: number): string => count.toLocaleString('en');
