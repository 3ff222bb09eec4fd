import { type RouteObject, createBrowserRouter } from 'react-router';

import { Frame } from '@/layout/frame';
import { Gate } from '@/layout/gate';
import { Lost } from '@/layout/lost';
import { Broken } from '@/layout/broken';
import { Welcome } from '@/layout/welcome';
import { type PageRoute, pageRoutes } from '@/routes';

function asRoute(page: PageRoute): RouteObject {
  return {
    path: page.path,
    element: <Gate page={page} />,
    children: [
      {
        path: '',
        lazy: page.page,
        HydrateFallback: () => null,
        ...(page.children === undefined ? {} : { children: page.children }),
      },
    ],
  };
}

const framed = pageRoutes.filter((page) => page.frame !== 'bare');
const bare = pageRoutes.filter((page) => page.frame === 'bare');

export const router = createBrowserRouter([
  {
    errorElement: <Broken />,
    HydrateFallback: () => null,
    children: [
      { index: true, element: <Welcome /> },
      ...bare.map(asRoute),
      { element: <Frame />, children: [...framed.map(asRoute), { path: '*', element: <Lost /> }] },
    ],
  },
]);
