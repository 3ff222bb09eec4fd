import { type Json, stateDifference } from './difference';
import styles from './changes.module.css';

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;

/** What became of a state, field by field: before, and after. */
export function Changes({ before, after, caption }: {
  /** As the API answers them: JSON. */
  before: unknown;
  after: unknown;
  caption: string;
}) {
  const changes = stateDifference(before as Json | undefined, after as Json | undefined);
  if (changes.length === 0) return <p className={styles.none}>It changed nothing of the state.</p>;
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.frame} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className={styles.caption}>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ pointer, kind, before, after }) => (
            <tr key={pointer} data-kind={kind}>
              <th scope="row">
                <span className={styles.sign} aria-hidden="true">
                  {SIGNS[kind]}
                </span>
                <span className={styles.caption}>{kind}: </span>
                {pointer === '' ? 'everything' : pointer.slice(1)}
              </th>
              <td className={styles.before}>{before === undefined ? <Nothing /> : <Value json={before} />}</td>
              <td className={styles.after}>{after === undefined ? <Nothing /> : <Value json={after} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Nothing() {
  return <span className={styles.nothing}>nothing</span>;
}

function Value({ json }: { json: Json }) {
  return <code className={styles.value}>{typeof json === 'string' ? json : JSON.stringify(json, null, 1)}</code>;
}
