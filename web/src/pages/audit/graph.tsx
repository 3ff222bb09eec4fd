import { useMemo } from 'react';
import { Link } from 'react-router';

import { digits, span } from '@/format/ledger';

import { type Placed, causationGraph } from './causation';
import { type Step, withCommands } from './command-steps';
import type { LogEvent } from './log';
import { actorOf } from './words';
import styles from './graph.module.css';

const COLUMN = 264;
const ROW = 92;
const WIDTH = 228;
const HEIGHT = 72;
const EDGE = 2;

/** Commands on the left, and to the right of each what followed from it. */
export function Graph({ events }: { events: LogEvent[] }) {
  const { nodes, edges, columns, rows } = useMemo(() => causationGraph(withCommands(events)), [events]);
  const began = Math.min(...events.map(({ recorded_at }) => Date.parse(recorded_at)));
  const causes = new Map(edges.map(({ from, to }) => [to, from]));
  const [width, height] = [columns * COLUMN - (COLUMN - WIDTH) + 2 * EDGE, rows * ROW - (ROW - HEIGHT) + 2 * EDGE];
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.frame} role="region" aria-label="What followed from what" tabIndex={0}>
      <div className={styles.sheet} style={{ width, height }}>
        <svg width={width} height={height} aria-hidden="true" className={styles.lines}>
          {edges.map(({ from, to }) => (
            <path key={to.event.event_id} d={line(from, to)} />
          ))}
        </svg>
        <ol aria-label="Events, each after its cause">
          {nodes.map((node) => (
            <li
              key={node.event.event_id}
              className={styles.place}
              style={{ left: EDGE + node.column * COLUMN, top: EDGE + node.row * ROW, width: WIDTH, height: HEIGHT }}
            >
              <Node step={node.event} cause={causes.get(node)?.event} began={began} />
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

function Node({ step, cause, began }: { step: Step; cause: Step | undefined; began: number }) {
  if (step.event === undefined) {
    return (
      <div className={styles.command}>
        <b>{step.name}</b>
        <span>a command of</span>
        <span className={styles.small}>{actorOf(step.actor)}</span>
      </div>
    );
  }
  const { position, event_type, aggregate_type, recorded_at, metadata } = step.event;
  return (
    <Link to={`?event=${position}`} className={styles.event}>
      <b>{event_type}</b>
      <span>{aggregate_type}</span>
      <span className={styles.small}>
        {digits(position)} · +{since(Date.parse(recorded_at) - began)} · {actorOf(metadata.actor)}
      </span>
      {cause !== undefined && <span className={styles.told}>, follows from {cause.name}</span>}
    </Link>
  );
}

/** From the right edge of the cause to the left one of what follows. */
function line(from: Placed<Step>, to: Placed<Step>): string {
  const [x1, y1] = [EDGE + from.column * COLUMN + WIDTH, EDGE + from.row * ROW + HEIGHT / 2];
  const [x2, y2] = [EDGE + to.column * COLUMN, EDGE + to.row * ROW + HEIGHT / 2];
  const turn = x1 + (COLUMN - WIDTH) / 2;
  if (y1 === y2) return `M${x1} ${y1}H${x2}`;
  return `M${x1} ${y1}H${turn - 8}Q${turn} ${y1} ${turn} ${y1 + 8}V${y2 - 8}Q${turn} ${y2} ${turn + 8} ${y2}H${x2}`;
}

function since(ms: number): string {
  return ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}
