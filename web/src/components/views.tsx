import { Link, useSearchParams } from 'react-router';

import styles from './views.module.css';

export interface View {
  id: string;
  label: string;
  /** How many things wait there. */
  waiting?: number | undefined;
}

/**
 * Which of a page's views is open stands in the address, so that it can be linked to and gone back from. `small`: a
 * choice inside of a view, whose other parameters stay.
 */
export function Views({ label, parameter, views, current, small = false }: {
  label: string;
  parameter: string;
  /** The first one needs no parameter. */
  views: readonly View[];
  current: string;
  small?: boolean;
}) {
  const [query] = useSearchParams();
  return (
    <nav aria-label={label} className={small ? styles.choices : styles.views}>
      {views.map(({ id, label, waiting }, index) => {
        const next = new URLSearchParams(small ? query : {});
        if (index === 0) next.delete(parameter);
        else next.set(parameter, id);
        return (
          <Link key={id} to={{ search: next.toString() }} className={styles.link} aria-current={id === current ? 'page' : undefined}>
            {label}
            {waiting !== undefined && waiting > 0 && (
              <span className={styles.waiting}>
                {waiting}
                <span className={styles.told}> waiting</span>
              </span>
            )}
          </Link>
        );
      })}
    </nav>
  );
}

/** Which view the address names; the first one when it names none of them. */
export function useView<Id extends string>(parameter: string, ids: readonly [Id, ...Id[]]): Id {
  const [query] = useSearchParams();
  return ids.find((id) => id === query.get(parameter)) ?? ids[0];
}
