const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID in its usual form, in capitals or not: 36 characters, four hyphens, nothing around them. */
export const isUuid = (text: string): boolean => uuid.test(text);
