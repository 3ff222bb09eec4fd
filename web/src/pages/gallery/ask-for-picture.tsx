import { useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';

import { answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { limits } from '@/api/limits';
import { fieldErrors } from '@/api/problem';
import { complaint } from '@/api/validate';
import { Button } from '@/components/button';
import { TextArea } from '@/components/field';
import { Paywall, isPaywall } from '@/components/paywall';
import { SideSheet } from '@/components/side-sheet';
import { ErrorNote } from '@/components/states';

import styles from './gallery.module.css';

/** A wish for a picture: where, and what is going on. */
export function AskForPicture({ open, name, onClose }: { open: boolean; name: string; onClose: () => void }) {
  const client = useQueryClient();
  const [scene, setScene] = useState('');
  const [wrong, setWrong] = useState<string>();
  const ask = useCommand(
    (wish: string, headers) => answer(api.POST('/photos', { body: { scene: wish }, params: { header: headers } })),
    {
      onSuccess: () => {
        void client.invalidateQueries({ queryKey: ['photos'] });
        setScene('');
        onClose();
      },
    },
  );
  const error = wrong ?? fieldErrors(ask.error).scene;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const found = complaint(limits.NewPhoto.scene, scene);
    setWrong(found);
    if (found === undefined && !ask.isPending) ask.mutate(scene.trim());
  };
  return (
    <SideSheet open={open} onClose={onClose} title="Ask for a picture">
      <form onSubmit={submit} noValidate className={styles.ask}>
        <TextArea
          label={`What is ${name} doing?`}
          placeholder="At a café in Paris, morning light, laughing at something out of the picture"
          hint="A place, a time of day, a mood. The face stays the one that you approved."
          value={scene}
          error={error}
          onChange={(event) => {
            setScene(event.target.value);
            setWrong(undefined);
          }}
        />
        {isPaywall(ask.error) ? (
          <Paywall error={ask.error} companion={name} />
        ) : (
          error === undefined && <ErrorNote error={ask.error} />
        )}
        <Button look="main" type="submit" busy={ask.isPending}>
          Draw it
        </Button>
      </form>
    </SideSheet>
  );
}
