import { Offered } from '@/components/offered';
import { Page } from '@/components/page';
import { Views, useView } from '@/components/views';

import { AsOf } from './as-of';
import { Causes } from './causes';
import { CheckpointView } from './checkpoint-view';
import { Events } from './events';
import { ProofCheck } from './proof-check';
import { ReadModels } from './read-models';

const VIEWS = {
  events: {
    label: 'Events',
    path: '/audit/events',
    missing: 'They would be here in their order, filtered by kind, person, command and time.',
    content: Events,
  },
  'as-of': {
    label: 'As of then',
    path: '/audit/aggregates/{type}/{id}/state',
    missing: 'It would show how anything stood at any moment, and what each of its events changed.',
    content: AsOf,
  },
  causes: {
    label: 'Causes',
    path: '/audit/events',
    missing: 'They would lead from a command to everything that followed from it, as to the delivered picture.',
    content: Causes,
  },
  checkpoint: {
    label: 'Checkpoint',
    path: '/audit/checkpoint',
    missing: 'It would say how long the log is, under a signature. A proof that you were given can be checked here all the same, under “Check a proof”.',
    content: CheckpointView,
  },
  'read-models': {
    label: 'Read models',
    path: '/audit/projections',
    missing: (
      <>
        They would be compared with the log here. Meanwhile: <code>ava projections list</code>.
      </>
    ),
    content: ReadModels,
  },
  // It asks no server, so none can lack it.
  proof: { label: 'Check a proof', path: undefined, missing: '', content: ProofCheck },
} as const;

export function Component() {
  const id = useView('view', ['events', 'as-of', 'causes', 'checkpoint', 'read-models', 'proof']);
  const { label, path, missing, content: Content } = VIEWS[id];
  return (
    <Page wide title="Audit" lead="What happened, in the order in which it happened, and whether that is the whole truth.">
      <Views label="Views of the audit" parameter="view" views={Object.entries(VIEWS).map(([id, { label }]) => ({ id, label }))} current={id} />
      {path === undefined ? (
        <Content />
      ) : (
        <Offered path={path} what={label} missing={missing}>
          <Content />
        </Offered>
      )}
    </Page>
  );
}
