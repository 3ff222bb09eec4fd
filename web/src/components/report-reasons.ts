import type { Schemas } from '@/api/client';

/** What can be wrong with something, as people choose it and as operators read it. */
export const REASONS: Record<Schemas['ReportReason'], string> = {
  minor: 'Somebody looks or is younger than twenty',
  'real-person': 'It shows somebody who exists',
  sexual: 'It is sexual',
  'non-consent': 'Somebody is forced, or cannot consent',
  violence: 'It is violent',
  hate: 'It is hateful',
  'self-harm': 'It is about self-harm',
  other: 'Something else',
};
