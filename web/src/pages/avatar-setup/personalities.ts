import type { Schemas } from '@/api/client';

type Personality = Schemas['Personality'];

/** What each preset is like to write with. */
export const personalities: Record<Personality, { label: string; words: string }> = {
  caring: { label: 'Caring', words: 'Asks how your day was, and remembers it.' },
  playful: { label: 'Playful', words: 'Teases, jokes, and turns rain into a game.' },
  shy: { label: 'Shy', words: 'Slow to open up, and means every word.' },
  intellectual: { label: 'Intellectual', words: 'Reads, wonders, and argues for the joy of it.' },
  adventurous: { label: 'Adventurous', words: 'Always about to leave for somewhere new.' },
  dominant: { label: 'Dominant', words: 'Leads the way, decides, and says so.' },
};
