import { useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';

import { type Avatar, answer, api } from '@/api/client';
import { useCommand } from '@/api/command';
import { limits } from '@/api/limits';
import { fieldErrors } from '@/api/problem';
import { avatarQuery } from '@/api/queries';
import { complaints } from '@/api/validate';
import { Button } from '@/components/button';
import { TextArea, TextField } from '@/components/field';
import { SideSheet } from '@/components/side-sheet';
import { ErrorNote } from '@/components/states';

import styles from './account.module.css';

/** Whom one writes to, and what can be changed about them. */
export function Companion({ avatar }: { avatar: Avatar }) {
  const [editing, edit] = useState(false);
  return (
    <section className={styles.section}>
      <h2>{avatar.name}</h2>
      <p>
        {avatar.age}, {avatar.nationality} {avatar.gender}, {avatar.personality}.
      </p>
      <p className={styles.muted}>{avatar.appearance}</p>
      <Button onClick={() => edit(true)}>Change {avatar.name}</Button>
      <SideSheet open={editing} onClose={() => edit(false)} title={`Change ${avatar.name}`}>
        <ChangeForm avatar={avatar} onDone={() => edit(false)} />
      </SideSheet>
    </section>
  );
}

type Field = keyof typeof limits.AvatarChanges;

const LABELS: Record<Field, string> = {
  name: 'Name',
  age: 'Age',
  gender: 'Gender',
  nationality: 'Nationality',
  appearance: 'Appearance',
};

function ChangeForm({ avatar, onDone }: { avatar: Avatar; onDone: () => void }) {
  const client = useQueryClient();
  const [values, setValues] = useState<Record<Field, string>>({
    name: avatar.name,
    age: String(avatar.age),
    gender: avatar.gender,
    nationality: avatar.nationality,
    appearance: avatar.appearance,
  });
  const [wrong, setWrong] = useState<Partial<Record<Field, string>>>({});
  const change = useCommand(
    (wish: Record<Field, string>, headers) =>
      answer(api.PATCH('/avatars/me', { body: { ...wish, age: Number(wish.age) }, params: { header: headers } })),
    {
      onSuccess: (changed) => {
        client.setQueryData(avatarQuery.queryKey, changed);
        onDone();
      },
    },
  );
  const told = fieldErrors(change.error);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const found = complaints(limits.AvatarChanges, values);
    setWrong(found);
    if (Object.keys(found).length === 0 && !change.isPending) change.mutate(values);
  };
  const text = (field: Field) => ({
    label: LABELS[field],
    name: field,
    value: values[field],
    error: wrong[field] ?? told[field],
    autoComplete: 'off',
    onChange: ({ target }: { target: { value: string } }) => setValues((before) => ({ ...before, [field]: target.value })),
  });
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <TextField {...text('name')} />
      <TextField {...text('age')} type="number" inputMode="numeric" />
      <TextField {...text('gender')} />
      <TextField {...text('nationality')} />
      <TextArea {...text('appearance')} hint="Pictures that are made from now on follow it." />
      {Object.keys(told).length === 0 && <ErrorNote error={change.error} />}
      <Button look="main" type="submit" busy={change.isPending}>
        Save
      </Button>
    </form>
  );
}
