import { useQuery } from '@tanstack/react-query';
import { Navigate, Outlet, useLocation } from 'react-router';

import { avatarQuery } from '@/api/queries';
import { ErrorState } from '@/components/states';
import { Page } from '@/components/page';
import type { PageRoute } from '@/routes';
import { useSession } from '@/session/use-session';

import { hasApprovedPicture } from './onboarding';
import { Lost } from './lost';

/** Lets those pass whom the page is for, and sends others where they belong. */
export function Gate({ page }: { page: PageRoute }) {
  const session = useSession();
  const location = useLocation();
  if (page.for === 'everybody') return <Outlet />;
  if (session.status === 'out') {
    const back = location.pathname + location.search;
    const query = new URLSearchParams({ back, ...(session.expired ? { expired: '' } : {}) });
    return <Navigate to={`/sign-in?${query.toString()}`} replace />;
  }
  if (page.for === 'auditor' || page.for === 'operator') {
    return session.user.roles.includes(page.for) ? <Outlet /> : <Lost role={page.for} />;
  }
  return page.for === 'designed' ? <OnlyDesigned /> : <Outlet />;
}

/** The onboarding gate: whoever has no companion with an approved picture makes one first. */
function OnlyDesigned() {
  const avatar = useQuery(avatarQuery);
  if (avatar.data !== undefined) {
    return hasApprovedPicture(avatar.data) ? <Outlet /> : <Navigate to="/avatar-setup" replace />;
  }
  if (avatar.error !== null) {
    return (
      <Page title="Ava" heading={null}>
        <ErrorState alone error={avatar.error} again={() => void avatar.refetch()} />
      </Page>
    );
  }
  return null;
}
