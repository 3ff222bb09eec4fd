import type { Schemas } from '@/api/client';

export type Decision = Schemas['ReportDecision'];

/** What can be decided: what the button does, what follows from it, and how it is called afterwards. */
export const DECISIONS: Record<Decision, { act: string; follows: string; done: string; tone: 'plain' | 'done' | 'waiting' | 'refused' }> = {
  dismissed: {
    act: 'Nothing is wrong',
    follows: 'It stays, and the person is told.',
    done: 'dismissed',
    tone: 'done',
  },
  'content-removed': {
    act: 'Remove it',
    follows: 'The picture goes together with this decision. Its events stay in the log.',
    done: 'removed',
    tone: 'refused',
  },
  escalated: {
    act: 'Pass it on',
    follows: 'Somebody else has to look, outside of this system. It stays until then.',
    done: 'escalated',
    tone: 'waiting',
  },
};
