import type { ReactNode } from 'react';

import styles from './data-table.module.css';

export interface Column<Row> {
  id: string;
  header: ReactNode;
  cell: (row: Row) => ReactNode;
  /** `number`: to the right, in tabular figures. `code`: monospaced. */
  kind?: 'text' | 'number' | 'code';
}

/** Rows and columns, for auditors and operators; scrolls sideways by itself where there is no room. */
export function DataTable<Row>({ caption, columns, rows, keyOf, onOpen, empty }: {
  /** What the table shows, for those who hear it. */
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  /** Opens a row; then its first cell is a button. */
  onOpen?: (row: Row) => void;
  /** What stands there when there is no row. */
  empty?: ReactNode;
}) {
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.frame} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className={styles.caption}>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={styles[column.kind ?? 'text']}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) => (
                <td key={column.id} className={styles[column.kind ?? 'text']}>
                  {index === 0 && onOpen !== undefined ? (
                    <button type="button" className={styles.open} onClick={() => onOpen(row)}>
                      {column.cell(row)}
                    </button>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
