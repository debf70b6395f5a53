const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Before every other in the order of ids: where a walk in pages begins. */
export const leastUuid = '00000000-0000-0000-0000-000000000000';

/** Whether a text is a UUID in its usual form, in capitals or not: 36 characters, four hyphens, nothing around them. */
export const isUuid = (text: string): boolean => uuid.test(text);
