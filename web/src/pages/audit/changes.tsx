import type { Change, Json } from './difference';
import styles from './changes.module.css';

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;

/** What became of a state, field by field: before, and after. */
export function Changes({ changes, caption }: { changes: Change[]; caption: string }) {
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
          {changes.map((change) => {
            const { path, before, after } = change;
            const kind = kindOf(change);
            return (
              <tr key={path} data-kind={kind}>
                <th scope="row">
                  <span className={styles.sign} aria-hidden="true">
                    {SIGNS[kind]}
                  </span>
                  <span className={styles.caption}>{kind}: </span>
                  {path === '' ? 'everything' : path.slice(1)}
                </th>
                <td className={styles.before}>{before === undefined ? <Nothing /> : <Value json={before} />}</td>
                <td className={styles.after}>{after === undefined ? <Nothing /> : <Value json={after} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function kindOf({ before, after }: Change): keyof typeof SIGNS {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
}

function Nothing() {
  return <span className={styles.nothing}>nothing</span>;
}

function Value({ json }: { json: Json }) {
  return <code className={styles.value}>{typeof json === 'string' ? json : JSON.stringify(json, null, 1)}</code>;
}
