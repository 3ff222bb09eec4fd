import { type SyntheticEvent, useId, useState } from 'react';

import { answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { RequestFailed } from '@/api/problem';
import { Button } from '@/components/button';
import { Confirm } from '@/components/confirm';
import { TextField } from '@/components/field';
import { ErrorNote } from '@/components/states';
import { leaveForGood } from '@/session/gone';
import { useUser } from '@/session/use-session';

import { isConfirmed, wantedWords } from './confirmation';
import styles from './account.module.css';

/** What goes, what remains, and words to type for who means it. */
export function EraseDialog({ onClose }: { onClose: () => void }) {
  const wanted = wantedWords(useUser().email);
  const form = useId();
  const [typed, type] = useState('');
  const [complaint, complain] = useState<string>();
  const erase = useCommand((_: string, headers) => answer(api.DELETE('/me', { params: { header: headers } })), {
    onSuccess: leaveForGood,
    onError: (error) => {
      // It was done before: by another tab, or by a try whose answer was lost.
      if (error instanceof RequestFailed && error.code === 'person-erased') leaveForGood();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!isConfirmed(typed, wanted)) {
      complain(`Type ${wanted} to confirm it.`);
    } else if (!erase.isPending && !erase.isSuccess) {
      complain(undefined);
      erase.mutate(wanted);
    }
  };
  return (
    <Confirm
      open
      onClose={onClose}
      title="Erase everything of yours?"
      keep="Keep my account"
      act={
        <Button look="danger" type="submit" form={form} busy={erase.isPending || erase.isSuccess}>
          Erase me for ever
        </Button>
      }
    >
      <form id={form} onSubmit={submit} noValidate className={styles.form}>
        <div>
          <h3 className={styles.what}>What goes</h3>
          <ul className={styles.list}>
            <li>your companion, all letters and all pictures, at once and for ever</li>
            <li>what you pay for: it ends now, without a refund for the days that are left</li>
            <li>your way in: this account answers nobody any more</li>
          </ul>
        </div>
        <div>
          <h3 className={styles.what}>What remains</h3>
          <ul className={styles.list}>
            <li>sealed entries in our log, to which nobody has a key</li>
            <li>your invoices, with the payment provider who must keep them</li>
          </ul>
        </div>
        <TextField
          label={
            <>
              Type <strong className={styles.words}>{wanted}</strong> to confirm it
            </>
          }
          value={typed}
          error={complaint}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={({ target }) => {
            type(target.value);
            complain(undefined);
          }}
        />
        <ErrorNote error={erase.error} />
      </form>
    </Confirm>
  );
}
