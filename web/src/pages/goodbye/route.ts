import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/goodbye',
  for: 'everybody',
  frame: 'bare',
  page: () => import('./goodbye'),
};
