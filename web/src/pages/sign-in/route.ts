import type { PageRoute } from '@/routes';

export const route: PageRoute = {
  path: '/sign-in',
  for: 'everybody',
  frame: 'bare',
  page: () => import('./sign-in'),
};
