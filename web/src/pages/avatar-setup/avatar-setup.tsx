import { useQuery } from '@tanstack/react-query';
import { Navigate } from 'react-router';

import { avatarQuery } from '@/api/queries';
import { Page } from '@/components/page';
import { Loading, Skeleton } from '@/components/skeleton';
import { ErrorState } from '@/components/states';
import { hasApprovedPicture } from '@/layout/onboarding';

import { DesignForm } from './design-form';
import { Portraits } from './portraits';
import styles from './avatar-setup.module.css';

/** From nobody to a companion with an approved picture; whoever has one is done here. */
export function Component() {
  const avatar = useQuery(avatarQuery);
  if (avatar.error !== null && avatar.data === undefined) {
    return (
      <Page title="Create your companion" heading={null}>
        <ErrorState alone error={avatar.error} again={() => void avatar.refetch()} />
      </Page>
    );
  }
  if (avatar.data === undefined) return <Arriving />;
  if (hasApprovedPicture(avatar.data)) return <Navigate to="/chat" replace />;
  return avatar.data === null ? <DesignForm /> : <Portraits avatar={avatar.data} />;
}

function Arriving() {
  return (
    <Page title="Create your companion" wide heading={<Skeleton width="16rem" />}>
      <Loading what="Looking for your companion" />
      <div className={styles.columns}>
        <div className={styles.form}>
          {[1, 2, 3, 4].map((row) => (
            <Skeleton key={row} height="44px" />
          ))}
        </div>
        <Skeleton ratio="3 / 4" />
      </div>
    </Page>
  );
}
