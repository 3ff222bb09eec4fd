import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { offeredQuery } from '@/api/offered';
import { Button } from '@/components/button';
import { Confirm } from '@/components/confirm';
import { TextField } from '@/components/field';
import { ErrorNote } from '@/components/states';

import styles from './people.module.css';

/** Forgets somebody who asked for it by other ways than their own account. */
export function ErasePerson({ id }: { id: string }) {
  const { data: offered } = useQuery(offeredQuery);
  const [asking, ask] = useState(false);
  const [typed, type] = useState('');
  const [complaint, complain] = useState<string>();
  const erase = useCommand(
    (user_id: string, headers) =>
      answer(api.POST('/admin/users/{user_id}/erase', { params: { path: { user_id }, header: headers } })),
    { onSuccess: () => ask(false) },
  );
  if (offered?.includes('/admin/users/{user_id}/erase') !== true) return null;
  const confirm = () => {
    if (typed.trim().toLowerCase() === id.toLowerCase()) erase.mutate(id);
    else complain('Type the whole id of the person to confirm it.');
  };
  return (
    <div className={styles.erase}>
      {erase.isSuccess ? (
        <p role="status">This person is erased. Pictures and what they paid for end within moments.</p>
      ) : (
        <Button look="danger" size="small" onClick={() => ask(true)}>
          Erase this person …
        </Button>
      )}
      <Confirm
        open={asking}
        onClose={() => ask(false)}
        title="Erase this person?"
        keep="Keep them"
        act={
          <Button look="danger" busy={erase.isPending} onClick={confirm}>
            Erase for ever
          </Button>
        }
      >
        <p>
          Their companion, letters and pictures go for ever, what they pay for ends now, and their account answers nobody any
          more. Sealed events and invoices remain. That you ordered it is on record.
        </p>
        <TextField
          label="Id of the person, once more"
          value={typed}
          error={complaint}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => {
            type(target.value);
            complain(undefined);
          }}
        />
        <ErrorNote error={erase.error} />
      </Confirm>
    </div>
  );
}
