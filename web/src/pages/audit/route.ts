import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/audit',
  for: 'auditor',
  nav: { label: 'Audit', order: 80 },
  page: () => import('./audit'),
};
