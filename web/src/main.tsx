import '@/theme/fonts.css';
import '@/theme/tokens.css';
import '@/theme/base.css';

import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';

import { positions } from '@/api/client';
import { queryClient } from '@/api/queries';
import { router } from '@/router';
import { session } from '@/session/session';

// Nothing of a person stays in memory once they are gone.
session.subscribe(() => {
  if (session.state.status === 'in') return;
  queryClient.clear();
  positions.forget();
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
