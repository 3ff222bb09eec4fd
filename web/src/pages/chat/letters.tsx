import { useEffect, useLayoutEffect, useRef } from 'react';

import type { Avatar, Message, Schemas } from '@/api/client';
import { Button } from '@/components/button';
import { Report } from '@/components/report';
import { ErrorNote } from '@/components/states';
import { isPaywall } from '@/components/paywall';
import { clock, day } from '@/format/format';

import { LetterPicture } from './letter-picture';
import type { Letter } from './outbox';
import styles from './chat.module.css';

interface Props {
  avatar: Avatar;
  /** Oldest first. */
  messages: Message[];
  waiting: Letter[];
  reply: Schemas['MessageDelta'] | null;
  unanswered: string[];
  /** How to get what was said before; none when this is the beginning. */
  older: { load: () => void; loading: boolean } | undefined;
  onAgain: (key: string) => void;
  onDiscard: (key: string) => void;
  onSay: (text: string) => void;
}

/** The conversation: oldest on top, the newest in sight. */
export function Letters({ avatar, messages, waiting, reply, unanswered, older, onAgain, onDiscard, onSay }: Props) {
  const newest = messages.at(-1);
  useNewestInSight(messages[0]?.id, newest?.id, waiting.length, reply?.text.length ?? 0);
  const isWriting = reply === null && newest !== undefined && unanswered.includes(newest.id);
  return (
    <>
      {older !== undefined && <Older {...older} />}
      <ol className={styles.letters} aria-label={`Letters with ${avatar.name}`}>
        {messages.map((message, index) => (
          <li key={message.id} className={styles.entry}>
            {isNewDay(messages[index - 1], message) && <p className={styles.day}>{day(message.created_at)}</p>}
            <Said message={message} avatar={avatar} onSay={onSay} />
          </li>
        ))}
        {waiting.map((letter) => (
          <li key={letter.key} className={styles.entry}>
            <Waiting letter={letter} onAgain={onAgain} onDiscard={onDiscard} />
          </li>
        ))}
      </ol>
      <div aria-live="polite" className={styles.entry}>
        {reply !== null && reply.text !== '' ? (
          <article className={styles.theirs} aria-busy="true">
            <p className={styles.text}>
              {reply.text}
              <span className={styles.cursor} aria-hidden />
            </p>
          </article>
        ) : (
          (isWriting || reply !== null) && <p className={styles.writingNow}>{avatar.name} is writing …</p>
        )}
      </div>
    </>
  );
}

function Said({ message, avatar, onSay }: { message: Message; avatar: Avatar; onSay: (text: string) => void }) {
  const { id, role, text, kind, photo, declined, created_at } = message;
  if (role === 'system') {
    return (
      <aside className={kind === 'crisis' ? styles.crisis : styles.system}>
        <p className={styles.text}>{text}</p>
      </aside>
    );
  }
  return (
    <article className={role === 'user' ? styles.mine : styles.theirs}>
      {text !== '' && <p className={styles.text}>{text}</p>}
      {photo !== undefined && <LetterPicture photo={photo} name={avatar.name} onSay={onSay} />}
      {declined !== undefined && <p className={styles.declined}>{declined.detail}</p>}
      <footer className={styles.stamp}>
        <span className={styles.told}>{role === 'user' ? 'You' : avatar.name}, </span>
        <time dateTime={created_at}>{clock(created_at)}</time>
        {role === 'avatar' && <Report look="aside" subject={{ kind: 'message', id }} what="this letter" />}
      </footer>
    </article>
  );
}

function Waiting({ letter, onAgain, onDiscard }: {
  letter: Letter;
  onAgain: (key: string) => void;
  onDiscard: (key: string) => void;
}) {
  const { key, text, error } = letter;
  return (
    <article className={styles.mine} data-waiting>
      <p className={styles.text}>{text}</p>
      {error === undefined ? (
        <p className={styles.stamp} role="status">
          Sending …
        </p>
      ) : (
        <>
          {!isPaywall(error) && <ErrorNote error={error} />}
          <footer className={styles.retry}>
            <span className={styles.stamp}>Not sent</span>
            <Button size="small" onClick={() => onAgain(key)}>
              Send again
            </Button>
            <Button size="small" look="quiet" onClick={() => onDiscard(key)}>
              Discard
            </Button>
          </footer>
        </>
      )}
    </article>
  );
}

/** Loads what was said before as soon as one gets near it; by a press for those who do not scroll. */
function Older({ load, loading }: { load: () => void; loading: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting === true && !loading) load();
    });
    if (place.current !== null) seen.observe(place.current);
    return () => seen.disconnect();
  });
  return (
    <div ref={place} className={styles.older}>
      <Button size="small" look="quiet" busy={loading} onClick={load}>
        Earlier letters
      </Button>
    </div>
  );
}

/**
 * Follows the newest letter while it is in sight, and keeps what one reads in place when earlier ones come on top.
 */
function useNewestInSight(oldest: string | undefined, newest: string | undefined, waiting: number, written: number) {
  const before = useRef({ height: 0, oldest, first: true, atEnd: true });
  useEffect(() => {
    const look = () => {
      const { scrollHeight } = document.documentElement;
      before.current.atEnd = window.scrollY + window.innerHeight > scrollHeight - 160;
    };
    window.addEventListener('scroll', look, { passive: true });
    // A picture that appears makes the page longer below what is read.
    const grown = new ResizeObserver(() => {
      if (before.current.atEnd) window.scrollTo({ top: document.documentElement.scrollHeight });
    });
    grown.observe(document.body);
    return () => {
      window.removeEventListener('scroll', look);
      grown.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    const { scrollHeight } = document.documentElement;
    const { height, oldest: formerOldest, first, atEnd } = before.current;
    if (!first && oldest !== formerOldest && formerOldest !== undefined && !atEnd) {
      window.scrollBy(0, scrollHeight - height);
    } else if (atEnd) {
      window.scrollTo({ top: scrollHeight });
    }
    before.current = { ...before.current, height: document.documentElement.scrollHeight, oldest, first: newest === undefined };
  }, [oldest, newest, waiting, written]);
  useLayoutEffect(() => {
    if (waiting === 0) return;
    // Whoever writes wants to see it.
    before.current.atEnd = true;
    window.scrollTo({ top: document.documentElement.scrollHeight });
  }, [waiting]);
}

function isNewDay(before: Message | undefined, message: Message): boolean {
  return before === undefined || day(before.created_at) !== day(message.created_at);
}
