import { useQuery } from '@tanstack/react-query';

import { offeredQuery } from '@/api/offered';
import { Offered } from '@/components/offered';
import { Page } from '@/components/page';
import { Views, useView } from '@/components/views';

import { Overview } from './overview';
import { People } from './people';
import { Photos } from './photos';
import { figuresQuery } from './queries';
import { ReadModels } from './read-models';
import { Reports } from './reports';
import { Webhooks } from './webhooks';
import { waitingIn } from './waiting';

const VIEWS = {
  overview: {
    label: 'Overview',
    path: '/admin/metrics',
    missing: 'It would show what waits for you, and the key figures. Look at each list instead.',
    content: Overview,
  },
  reports: {
    label: 'Reports',
    path: '/admin/reports',
    missing: 'It would show what people have reported, each with the time that is left to answer.',
    content: Reports,
  },
  photos: {
    label: 'Photos',
    path: '/admin/photos',
    missing: 'It would show everybody’s photo jobs by state, to try them again or to cancel them.',
    content: Photos,
  },
  webhooks: {
    label: 'Webhooks',
    path: '/admin/webhooks',
    missing: (
      <>
        It would show the payment provider’s messages. Meanwhile: <code>ava webhooks list</code>.
      </>
    ),
    content: Webhooks,
  },
  'read-models': {
    label: 'Read models',
    path: '/admin/projections',
    missing: (
      <>
        It would show how far each read model is, and rebuild it. Meanwhile: <code>ava projections list</code>.
      </>
    ),
    content: ReadModels,
  },
  people: {
    label: 'People',
    path: '/admin/users/{user_id}',
    missing: 'It would show how somebody’s account stands, without their words and pictures.',
    content: People,
  },
} as const;

type Id = keyof typeof VIEWS;

export function Component() {
  const id = useView<Id>('view', ['overview', 'reports', 'photos', 'webhooks', 'read-models', 'people']);
  const { label, path, missing, content: Content } = VIEWS[id];
  const offered = useQuery(offeredQuery);
  const figures = useQuery({ ...figuresQuery, enabled: offered.data?.includes(VIEWS.overview.path) === true });
  const waiting = waitingIn(figures.data);
  return (
    <Page wide title="Operator" lead="What waits for somebody, and how the system is doing. Everything that you do here is on record.">
      <Views
        label="Views of the operator"
        parameter="view"
        current={id}
        views={Object.entries(VIEWS).map(([id, { label }]) => ({ id, label, waiting: waiting.find((work) => work.view === id)?.count }))}
      />
      <Offered path={path} what={label} missing={missing}>
        <Content />
      </Offered>
    </Page>
  );
}
