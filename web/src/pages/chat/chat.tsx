import { useQuery } from '@tanstack/react-query';

import { avatarQuery, chatQuery } from '@/api/queries';
import { Loading, Skeleton } from '@/components/skeleton';
import { ErrorState } from '@/components/states';
import { Page } from '@/components/page';
import { Paywall, isPaywall } from '@/components/paywall';

import { Conversation } from './conversation';
import { Portrait } from './portrait';
import styles from './chat.module.css';

export function Component() {
  const avatar = useQuery(avatarQuery);
  const chat = useQuery(chatQuery);
  const companion = avatar.data ?? undefined;
  if (chat.data !== undefined && companion !== undefined && !isPaywall(chat.error)) {
    return <Conversation chat={chat.data} avatar={companion} />;
  }
  return (
    <Page title={companion?.name ?? 'Chat'} heading={null}>
      {companion !== undefined && <Portrait avatar={companion} />}
      {isPaywall(chat.error) ? (
        <Paywall error={chat.error} companion={companion?.name ?? 'Your companion'} />
      ) : chat.error !== null ? (
        <ErrorState alone={companion === undefined} error={chat.error} again={() => void chat.refetch()} />
      ) : (
        <div className={styles.letters}>
          <Loading what="Fetching your letters" />
          <Skeleton width="70%" height="88px" />
          <Skeleton width="50%" height="56px" />
          <Skeleton width="75%" height="120px" />
        </div>
      )}
    </Page>
  );
}
