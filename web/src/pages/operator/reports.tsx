import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';

import type { Schemas } from '@/api/client';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { PagesOf } from '@/components/pages-of';
import { REASONS } from '@/components/report-reasons';
import { EmptyState } from '@/components/states';
import { Views, useView } from '@/components/views';
import { WorkItem, WorkList } from '@/components/work-list';
import { deadline, instant, shortId } from '@/format/ledger';

import { DECISIONS } from './report-words';
import { Person } from './person-link';
import { ReportSheet } from './report-sheet';
import { type ReportStatus, reportsQuery } from './queries';
import { useNow } from './use-now';
import styles from './reports.module.css';

const STATES = ['open', 'decided'] as const;

/** What people reported, the oldest first, each with its clock. */
export function Reports() {
  const status = useView<ReportStatus>('status', STATES);
  const query = useInfiniteQuery(reportsQuery(status));
  const [parameters, setParameters] = useSearchParams();
  const chosen = parameters.get('report');
  const choose = (id: string | null) =>
    setParameters((before) => {
      const next = new URLSearchParams(before);
      if (id === null) next.delete('report');
      else next.set('report', id);
      return next;
    });
  return (
    <>
      <Views
        small
        label="State of the reports"
        parameter="status"
        current={status}
        views={[
          { id: 'open', label: 'Open' },
          { id: 'decided', label: 'Decided' },
        ]}
      />
      <PagesOf
        query={query}
        what="The reports"
        empty={
          status === 'open' ? (
            <EmptyState title="No report waits">Whatever people reported is answered. New ones appear here, with a clock.</EmptyState>
          ) : (
            <EmptyState title="Nothing has been decided yet">Decide an open report, and it is kept here.</EmptyState>
          )
        }
      >
        {(reports) => (
          <WorkList label={`Reports, ${status}`}>
            {reports.map((report) => (
              <ReportItem key={report.id} report={report} look={() => choose(report.id)} />
            ))}
          </WorkList>
        )}
      </PagesOf>
      {chosen !== null && <ReportSheet id={chosen} onClose={() => choose(null)} />}
    </>
  );
}

function ReportItem({ report, look }: { report: Schemas['AdminReport']; look: () => void }) {
  const { id, owner, reason, subject, text, status, decision, note, decided_at, decided_by, filed_at, due_at } = report;
  const act = status === 'open' ? 'Look and decide' : 'Look';
  return (
    <WorkItem
      title={REASONS[reason]}
      badge={
        status === 'open' ? (
          <Clock due={due_at} />
        ) : (
          decision !== undefined && decision !== null && <Badge tone={DECISIONS[decision].tone}>{DECISIONS[decision].done}</Badge>
        )
      }
      facts={[
        ['About a', subject.kind],
        ['Of', <Person id={owner} />],
        ['Filed', <time dateTime={filed_at}>{instant(filed_at)}</time>],
        ...(decided_at === undefined || decided_at === null
          ? []
          : [['Decided', <time dateTime={decided_at}>{instant(decided_at)}</time>] as const]),
        ...(decided_by === undefined || decided_by === null ? [] : [['By', <code>{decided_by}</code>] as const]),
      ]}
      actions={
        <Button size="small" onClick={look} aria-label={`${act}: report ${shortId(id)}`}>
          {act}
        </Button>
      }
    >
      {text !== undefined && text !== null && <p className={styles.words}>“{text}”</p>}
      {note !== undefined && note !== null && <p className={styles.note}>Note: {note}</p>}
    </WorkItem>
  );
}

/** How much of the promised time is left. */
function Clock({ due }: { due: string }) {
  const { late, near, text } = deadline(due, useNow());
  return (
    <Badge tone={late ? 'refused' : near ? 'waiting' : 'plain'}>
      <time dateTime={due}>{text}</time>
    </Badge>
  );
}
