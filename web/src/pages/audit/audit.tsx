import { Page } from '@/components/page';
import { Views, useView } from '@/components/views';

import { Events } from './events';
import { ProofCheck } from './proof-check';
import { ReadModels } from './read-models';

const VIEWS = [
  { id: 'events', label: 'Events' },
  { id: 'read-models', label: 'Read models' },
  { id: 'proof', label: 'Check a proof' },
] as const;

export function Component() {
  const view = useView('view', ['events', 'read-models', 'proof']);
  return (
    <Page wide title="Audit" lead="What happened, in the order in which it happened, and whether that is the whole truth.">
      <Views label="Views of the audit" parameter="view" views={VIEWS} current={view} />
      {view === 'events' && <Events />}
      {view === 'read-models' && <ReadModels />}
      {view === 'proof' && <ProofCheck />}
    </Page>
  );
}
