import styles from './figures.module.css';

export interface Bar {
  name: string;
  value: number;
  /** The value in words, beside the bar. */
  text: string;
}

/** A table whose numbers have a bar each: chart and table at once. */
export function Bars({ title, header, bars, none }: { title: string; header: string; bars: readonly Bar[]; none: string }) {
  const highest = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <figure className={styles.chart}>
      {bars.length === 0 ? (
        <>
          <figcaption className={styles.title}>{title}</figcaption>
          <p className={styles.none}>{none}</p>
        </>
      ) : (
        <table className={styles.bars}>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">{header}</th>
              <th scope="col">{title}</th>
            </tr>
          </thead>
          <tbody>
            {bars.map(({ name, value, text }) => (
              <tr key={name}>
                <th scope="row">{name.replaceAll('_', ' ')}</th>
                <td>
                  <div className={styles.bar}>
                    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                      <rect y="4.5" width="100" height="1" />
                      <rect width={(100 * value) / highest} height="10" />
                    </svg>
                    <span className={styles.value}>{text}</span>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}
