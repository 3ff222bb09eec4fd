import { useQueryClient } from '@tanstack/react-query';
import { type FocusEvent, type SyntheticEvent, useRef, useState } from 'react';

import { answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { limits } from '@/api/limits';
import { fieldErrors } from '@/api/problem';
import { avatarQuery } from '@/api/queries';
import { complaint, complaints } from '@/api/validate';
import { Button } from '@/components/button';
import { TextArea, TextField } from '@/components/field';
import { Page } from '@/components/page';
import { ErrorNote } from '@/components/states';

import { type Draft, useDraft } from './draft';
import { Personalities } from './personality-field';
import { Preview } from './preview';
import styles from './avatar-setup.module.css';

type Field = keyof typeof limits.NewAvatar;
type Errors = Partial<Record<string, string>>;

export function DesignForm() {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [draft, change, forget] = useDraft();
  const [errors, setErrors] = useState<Errors>({});
  const create = useCommand(
    async (wish: Draft, headers) => {
      const body = { ...wish, age: Number(wish.age) };
      const avatar = await answer(api.POST('/avatars', { body, params: { header: headers } }));
      // Its own intent: when it fails, there is a companion, and the next page offers to draw it.
      const asked = { header: { 'Idempotency-Key': `${headers['Idempotency-Key']}-picture` } };
      await api.POST('/avatars/me/reference-image', { params: asked }).catch(() => undefined);
      return avatar;
    },
    {
      onSuccess: (avatar) => {
        forget();
        client.setQueryData(avatarQuery.queryKey, avatar);
        void client.invalidateQueries(avatarQuery);
      },
      onError: (error) => show(fieldErrors(error)),
    },
  );

  const show = (found: Errors) => {
    setErrors(found);
    const first = Object.keys(draft).find((field) => field in found);
    const control = first === undefined ? null : form.current?.elements.namedItem(first);
    if (control instanceof HTMLElement) control.focus();
  };
  const text = (field: Field) => ({
    name: field,
    value: draft[field],
    error: errors[field],
    onChange: ({ target }: { target: { value: string } }) => {
      change({ [field]: target.value });
      // What was wrong is looked at again as soon as it is mended.
      if (errors[field] !== undefined) check(field, target.value);
    },
    onBlur: ({ target, relatedTarget }: FocusEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      // The press of the button checks everything; a line that appears now would move the button away under it.
      if (relatedTarget instanceof HTMLButtonElement) return;
      if (target.value !== '' || errors[field] !== undefined) check(field, target.value);
    },
  });
  const check = (field: Field, value: string) => {
    setErrors((before) => ({ ...before, [field]: complaint(limits.NewAvatar[field], value) }));
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (create.isPending) return;
    const found = complaints(limits.NewAvatar, draft);
    show(found);
    if (Object.keys(found).length === 0) create.mutate(draft);
  };

  return (
    <Page title="Create your companion" lead="Who would you like to write to? You can change all of it later." wide>
      <div className={styles.columns}>
        <form ref={form} className={styles.form} onSubmit={submit} noValidate>
          <div className={styles.pair}>
            <TextField label="Name" autoComplete="off" {...text('name')} />
            <TextField label="Age" type="number" inputMode="numeric" min={20} max={120} {...text('age')} />
          </div>
          <div className={styles.pair}>
            <TextField label="Gender" autoComplete="off" placeholder="woman" list="genders" {...text('gender')} />
            <TextField label="Nationality" autoComplete="off" placeholder="French" {...text('nationality')} />
          </div>
          <datalist id="genders">
            <option value="woman" />
            <option value="man" />
            <option value="non-binary person" />
          </datalist>
          <TextArea
            label="Appearance"
            placeholder="Long auburn hair, green eyes, freckles, a warm smile"
            hint="Hair, eyes, build, what they like to wear. Everybody here is an adult."
            {...text('appearance')}
          />
          <Personalities value={draft.personality} onChange={(personality) => change({ personality })} error={errors.personality} />
          {create.error !== null && Object.keys(fieldErrors(create.error)).length === 0 && <ErrorNote error={create.error} />}
          <Button look="main" type="submit" busy={create.isPending}>
            Create {draft.name.trim() || 'Ava'} and generate photo
          </Button>
        </form>
        <Preview draft={draft} />
      </div>
    </Page>
  );
}
