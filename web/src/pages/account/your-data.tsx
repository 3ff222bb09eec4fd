import { useMutation, useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';

import { answer, api } from '@/api/client';
import { offeredQuery } from '@/api/offered';
import { Button } from '@/components/button';
import { Skeleton } from '@/components/skeleton';
import { saveFile } from '@/components/save-file';
import { ErrorNote } from '@/components/states';

import { EraseDialog } from './erase-dialog';
import styles from './account.module.css';

/** Taking one's data along, and being erased: absent on a server that offers neither. */
export function YourData() {
  const { data: offered, error } = useQuery(offeredQuery);
  const exports = offered?.includes('/me/export') === true;
  const erases = offered?.includes('/me') === true;
  return (
    <>
      <section className={styles.section}>
        <h2>Your data</h2>
        {offered === undefined && error === null && <Skeleton width="60%" />}
        <ErrorNote error={error} />
        {exports && <Export />}
        {offered !== undefined && !exports && !erases && (
          <p className={styles.muted}>
            Taking all your data with you, and having yourself erased, are not offered by this server yet. Until they are,
            write to whoever runs this system: they can do both for you.
          </p>
        )}
      </section>
      {erases && <Erase />}
    </>
  );
}

/** One file with everything. */
function Export() {
  const download = useMutation({
    mutationFn: (): Promise<Blob> => answer(api.GET('/me/export', { parseAs: 'blob' })),
    onSuccess: (file) => saveFile(file, 'my-data-from-ava.json'),
    networkMode: 'always',
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!download.isPending) download.mutate();
  };
  return (
    <form onSubmit={submit} className={styles.step}>
      <p className={styles.muted}>
        Everything that is kept about you, in one file: your companion, letters, pictures (the addresses in it work for an
        hour), what you paid, and every event of yours.
      </p>
      <Button type="submit" busy={download.isPending}>
        {download.isPending ? 'Putting it together …' : 'Download my data'}
      </Button>
      <p role="status" className={styles.muted}>
        {download.isSuccess ? 'Your file is in your downloads.' : ''}
      </p>
      <ErrorNote error={download.error} />
    </form>
  );
}

/** The dangerous one, last. */
function Erase() {
  const [asking, ask] = useState(false);
  return (
    <section className={styles.section} aria-label="Erase me">
      <h2>Erase me</h2>
      <p className={styles.muted}>Everything of yours goes for ever. Nobody can undo it.</p>
      <Button look="danger" onClick={() => ask(true)}>
        Erase me …
      </Button>
      {asking && <EraseDialog onClose={() => ask(false)} />}
    </section>
  );
}
