import { useState } from 'react';

import type { Schemas } from '@/api/client';

/** The form as it is being written. */
export interface Draft {
  name: string;
  age: string;
  gender: string;
  nationality: string;
  appearance: string;
  personality: Schemas['Personality'];
}

const KEY = 'ava.draft';
const BLANK: Draft = { name: 'Ava', age: '25', gender: '', nationality: '', appearance: '', personality: 'caring' };

/** A draft that survives a reload, and a session that ends. */
export function useDraft(): [Draft, (change: Partial<Draft>) => void, () => void] {
  const [draft, setDraft] = useState<Draft>(() => {
    try {
      return { ...BLANK, ...(JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Draft>) };
    } catch {
      return BLANK;
    }
  });
  const change = (by: Partial<Draft>) => {
    const next = { ...draft, ...by };
    sessionStorage.setItem(KEY, JSON.stringify(next));
    setDraft(next);
  };
  return [draft, change, () => sessionStorage.removeItem(KEY)];
}
