import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/operator',
  for: 'operator',
  nav: { label: 'Operator', order: 90 },
  page: () => import('./operator'),
};
