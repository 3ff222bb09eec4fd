import { useInfiniteQuery } from '@tanstack/react-query';

import { type Schemas, answer, api } from '@/api/client';
import { Badge } from '@/components/badge';
import { Button } from '@/components/button';
import { type Column, DataTable } from '@/components/data-table';
import { Loading, Skeleton } from '@/components/skeleton';
import { ErrorNote } from '@/components/states';
import { day, money } from '@/format/format';

import styles from './subscribe.module.css';

type Invoice = Schemas['Invoice'];

const STATUS: Record<Invoice['status'], { label: string; tone: 'done' | 'waiting' | 'refused' | 'plain' }> = {
  paid: { label: 'Paid', tone: 'done' },
  open: { label: 'Open', tone: 'waiting' },
  draft: { label: 'Being made', tone: 'plain' },
  uncollectible: { label: 'Not paid', tone: 'refused' },
  void: { label: 'Void', tone: 'plain' },
};

const columns: Column<Invoice>[] = [
  { id: 'date', header: 'Date', cell: ({ created_at }) => day(created_at) },
  { id: 'number', header: 'Number', kind: 'code', cell: ({ number }) => number ?? '–' },
  { id: 'amount', header: 'Amount', kind: 'number', cell: ({ amount_due, currency }) => money(amount_due, currency) },
  {
    id: 'status',
    header: 'Status',
    cell: ({ status }) => <Badge tone={STATUS[status].tone}>{STATUS[status].label}</Badge>,
  },
  {
    id: 'open',
    header: 'Invoice',
    cell: ({ page_url, number, id }) =>
      page_url === undefined ? (
        '–'
      ) : (
        <a href={page_url} target="_blank" rel="noreferrer" aria-label={`Open invoice ${number ?? id}`}>
          Open
        </a>
      ),
  },
];

/** What was charged, newest first. */
export function Invoices() {
  const invoices = useInfiniteQuery({
    queryKey: ['invoices'],
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/billing/invoices', { params: { query: pageParam === null ? {} : { cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
    // The provider's, not ours: no update tells of them.
    staleTime: 60_000,
  });
  const rows = invoices.data?.pages.flatMap(({ items }) => items);
  return (
    <section className={styles.section}>
      <h2>Invoices</h2>
      {invoices.error !== null && <ErrorNote error={invoices.error} />}
      {invoices.isPending && (
        <>
          <Loading what="Fetching your invoices" />
          <Skeleton height="96px" />
        </>
      )}
      {rows !== undefined && (
        <DataTable
          caption="Your invoices"
          columns={columns}
          rows={rows}
          keyOf={({ id }) => id}
          empty={<p className={styles.small}>There is none yet. The first one comes with your first payment.</p>}
        />
      )}
      {invoices.hasNextPage && (
        <Button size="small" busy={invoices.isFetchingNextPage} onClick={() => void invoices.fetchNextPage()}>
          Earlier invoices
        </Button>
      )}
    </section>
  );
}
