import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';

import { digits, instant, shortId } from '@/format/ledger';

import type { LogEvent } from './log';
import { actorOf } from './words';
import styles from './timeline.module.css';

const ROW = 44;
/** More is asked for when so few rows are left below. */
const AHEAD = 20;

/** Events as lines of a ledger, however many: only those in sight are there. Arrow keys go from one to the next. */
export function Timeline({ events, more, loadMore, onOpen }: {
  events: LogEvent[];
  /** Whether there are more than these. */
  more: boolean;
  loadMore: () => void;
  onOpen: (position: number) => void;
}) {
  'use no memo';
  const frame = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  // eslint-disable-next-line react-hooks/incompatible-library -- this component is not memoised
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 12,
    // The row that Tab leads to is always there, wherever one has scrolled to.
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), current])].sort((one, other) => one - other),
  });
  const shown = rows.getVirtualItems();
  const last = rows.range?.endIndex ?? 0;
  useEffect(() => {
    if (more && last >= events.length - AHEAD) loadMore();
  }, [more, last, events.length, loadMore]);

  const goTo = (index: number) => {
    const next = Math.max(0, Math.min(events.length - 1, index));
    setCurrent(next);
    rows.scrollToIndex(next);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus());
  };
  const keys = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    goTo(current + step);
  };
  return (
    <div className={styles.ledger}>
      <p className={styles.told} role="status">
        {digits(events.length)} {events.length === 1 ? 'event' : 'events'}
        {more ? ' so far; more come as you scroll' : ''}
      </p>
      <div ref={frame} className={styles.frame}>
        {/* The keys are those of the rows in it, which are buttons. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
        <ol className={styles.rows} style={{ height: rows.getTotalSize() }} aria-label="Events" onKeyDown={keys}>
          {shown.map(({ index, start }) => {
            const event = events[index];
            if (event === undefined) return null;
            return (
              <li
                key={event.position}
                ref={rows.measureElement}
                data-index={index}
                className={styles.place}
                style={{ transform: `translateY(${start}px)` }}
                aria-setsize={more ? -1 : events.length}
                aria-posinset={index + 1}
              >
                <button
                  type="button"
                  data-row={index}
                  tabIndex={index === current ? 0 : -1}
                  className={styles.row}
                  onFocus={() => setCurrent(index)}
                  onClick={() => onOpen(event.position)}
                >
                  <Line event={event} />
                </button>
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}

function Line({ event }: { event: LogEvent }) {
  const { position, recorded_at, aggregate_type, aggregate_id, event_type, sequence, metadata } = event;
  return (
    <>
      <span className={styles.position}>{digits(position)}</span>
      <time dateTime={recorded_at} className={styles.when}>
        {instant(recorded_at)}
      </time>
      <span className={styles.what}>
        <b>{event_type}</b>
        <span className={styles.of}>
          {aggregate_type} {shortId(aggregate_id)} · {sequence}
        </span>
      </span>
      <span className={styles.actor}>{actorOf(metadata.actor)}</span>
    </>
  );
}
