import { type ConfigOf, setting } from '../../runtime/config';

export const mediaSettings = {
  mediaClaimWindowMs: setting.integer(
    'MEDIA_CLAIM_WINDOW_MS',
    'How long an upload waits for its post, milliseconds from the upload.',
    { min: 1, max: 7 * 24 * 3_600_000 },
    { fallback: '3600000' },
  ),
} as const;

export type MediaSettings = ConfigOf<typeof mediaSettings>;
