import { digits } from '@/format/ledger';

import { type Hour, hourOf, scaleEnd } from './hours';
import styles from './figures.module.css';

const WIDTH = 480;
const HEIGHT = 96;
const STEP = WIDTH / 24;

/** A column for each hour, and the same as a table. */
export function Columns({ title, hours }: { title: string; hours: readonly Hour[] }) {
  const sum = hours.reduce((sum, { count }) => sum + count, 0);
  const end = scaleEnd(Math.max(...hours.map(({ count }) => count)));
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.title}>
        {title}: {digits(sum)}
      </figcaption>
      <svg viewBox={`0 -14 ${WIDTH} ${HEIGHT + 34}`} className={styles.svg} aria-hidden="true">
        <text x="0" y="-3" className={styles.label}>
          {digits(end)}
        </text>
        <line x1="0" x2={WIDTH} y1="0" y2="0" className={styles.axis} strokeDasharray="2 4" />
        {hours.map(({ at, count }, index) => {
          const height = Math.max(2, (HEIGHT * count) / end);
          return (
            <rect
              key={at}
              x={index * STEP + 3}
              y={HEIGHT - height}
              width={STEP - 6}
              height={height}
              rx="2"
              className={styles.column}
              data-empty={count === 0}
            >
              <title>{`${hourOf(at)}: ${digits(count)}`}</title>
            </rect>
          );
        })}
        <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className={styles.axis} />
        {hours.map(({ at }, index) =>
          new Date(at).getUTCHours() % 6 === 0 ? (
            <text key={at} x={index * STEP + STEP / 2} y={HEIGHT + 15} textAnchor="middle" className={styles.label}>
              {hourOf(at)}
            </text>
          ) : null,
        )}
      </svg>
      <details className={styles.numbersTable}>
        <summary>As a table (UTC)</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Hour</th>
              <th scope="col">Pictures</th>
            </tr>
          </thead>
          <tbody>
            {hours.map(({ at, count }) => (
              <tr key={at}>
                <th scope="row">{hourOf(at)}</th>
                <td>{digits(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
