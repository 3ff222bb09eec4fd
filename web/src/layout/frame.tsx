import { useQuery } from '@tanstack/react-query';
import { Link, NavLink, Outlet, useLocation } from 'react-router';
import { useEffect } from 'react';

import { avatarQuery } from '@/api/queries';
import { pageRoutes } from '@/routes';
import type { User } from '@/session/session';
import { useSession } from '@/session/use-session';
import { UpdatesProvider, useUpdates } from '@/updates/updates';

import { Seal } from './seal';
import { hasApprovedPicture } from './onboarding';
import styles from './frame.module.css';

/** What stands around every page: the letterhead, the navigation, and that Ava is an AI. */
export function Frame() {
  const session = useSession();
  return (
    <div className={styles.frame}>
      <a href="#main" className={styles.skip}>
        Skip to the page
      </a>
      {session.status === 'in' ? (
        <UpdatesProvider>
          <SignedIn user={session.user} />
        </UpdatesProvider>
      ) : (
        <>
          <header className={styles.head}>
            <Mark />
          </header>
          <Outlet />
        </>
      )}
    </div>
  );
}

function SignedIn({ user }: { user: User }) {
  const { reconnecting } = useUpdates();
  const avatar = useQuery(avatarQuery);
  const designed = hasApprovedPicture(avatar.data ?? null);
  const { pathname } = useLocation();
  useEffect(() => {
    // In newer browsers it answers with a promise, which is no way to clean up.
    window.scrollTo(0, 0);
  }, [pathname]);

  const shown = pageRoutes
    .filter((page) => page.nav !== undefined)
    .filter((page) => page.for === 'signed-in' || (page.for === 'designed' ? designed : user.roles.some((role) => role === page.for)))
    .sort((one, other) => (one.nav?.order ?? 0) - (other.nav?.order ?? 0));
  return (
    <>
      <header className={styles.head}>
        <Mark />
        <p className={styles.badge}>{avatar.data?.name ?? 'Ava'} is an AI</p>
        <nav className={styles.nav} aria-label="Pages">
          {shown.map(({ path, nav }) => (
            <NavLink key={path} to={path} className={styles.link ?? ''}>
              {nav?.label}
            </NavLink>
          ))}
        </nav>
      </header>
      <p role="status" className={styles.connection}>
        {reconnecting ? 'Reconnecting …' : ''}
      </p>
      <Outlet />
    </>
  );
}

function Mark() {
  return (
    <Link to="/" className={styles.mark}>
      <Seal />
      Ava
    </Link>
  );
}
