import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton, WorkItem, WorkList } from '@/components/work-list';

import { Figures } from './figures';
import { figuresQuery } from './queries';
import { type Work, waitingIn } from './waiting';
import styles from './overview.module.css';

/** What waits first, figures second. */
export function Overview() {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery(figuresQuery);
  if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
  if (data === undefined) return <ListSkeleton what="The overview is on its way" rows={4} />;
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      <div className={styles.columns}>
        <section aria-labelledby="waiting" className={styles.section}>
          <h2 id="waiting">Waiting for somebody</h2>
          <Waiting work={waitingIn(data)} />
        </section>
        <section aria-labelledby="figures" className={styles.section}>
          <h2 id="figures">Figures</h2>
          <Figures figures={data} />
        </section>
      </div>
    </>
  );
}

function Waiting({ work }: { work: Work[] }) {
  if (work.length === 0) {
    return (
      <EmptyState title="Nothing waits">Every report is answered, nothing is parked, and all read models follow the log.</EmptyState>
    );
  }
  return (
    <WorkList label="Waiting for somebody">
      {work.map(({ view, what, detail, urgent }) => (
        <WorkItem
          key={view}
          title={what}
          badge={urgent ? <Badge tone="refused">urgent</Badge> : undefined}
          facts={[]}
          actions={
            <Button asChild size="small">
              <Link to={`?view=${view}`} aria-label={`Look: ${what}`}>
                Look
              </Link>
            </Button>
          }
        >
          <p className={styles.detail}>{detail}</p>
        </WorkItem>
      ))}
    </WorkList>
  );
}
