import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type SyntheticEvent, useEffect, useRef } from 'react';

import type { ChatMode } from '@/api/client';
import { limits } from '@/api/limits';
import { subscriptionQuery } from '@/api/queries';
import { complaint } from '@/api/validate';
import { Button } from '@/components/button';
import { count } from '@/format/format';

import styles from './chat.module.css';

/** Where one writes. Enter sends, Shift and Enter begin a new line. */
export function Composer({ name, mode, draft, onChange, onSend }: {
  name: string;
  mode: ChatMode;
  draft: string;
  onChange: (draft: string) => void;
  onSend: (text: string) => void;
}) {
  const field = useRef<HTMLTextAreaElement>(null);
  const wrong = draft.trim() === '' ? undefined : complaint(limits.NewMessage.text, draft);
  const send = () => {
    if (draft.trim() === '' || wrong !== undefined) return;
    onSend(draft.trim());
    onChange('');
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  // What another page, or a picture that failed, put in here is to be gone on with.
  useEffect(() => {
    const written = field.current;
    if (draft === '' || written === null || document.activeElement === written) return;
    written.focus();
    written.setSelectionRange(written.value.length, written.value.length);
  }, [draft]);
  return (
    <form
      className={styles.composer}
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        className={styles.writing}
        aria-label={`Write to ${name}`}
        placeholder={mode === 'intimate' ? `Write to ${name}, or ask for a picture` : `Write to ${name}`}
        value={draft}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={keys}
        aria-invalid={wrong !== undefined || undefined}
        aria-describedby="composer-note"
      />
      <Button look="main" type="submit" disabled={draft.trim() === '' || wrong !== undefined}>
        Send
      </Button>
      <p id="composer-note" className={styles.quota}>
        {wrong ?? <Quota mode={mode} />}
      </p>
    </form>
  );
}

function Quota({ mode }: { mode: ChatMode }) {
  const { data } = useQuery(subscriptionQuery);
  if (data === undefined || data.usage.photos_limit === 0) return null;
  const left = Math.max(0, data.usage.photos_limit - data.usage.photos_used);
  return (
    <>
      {count(left, 'picture')} left
      {mode === 'friendly' && ' · pictures come in intimate mode'}
    </>
  );
}
