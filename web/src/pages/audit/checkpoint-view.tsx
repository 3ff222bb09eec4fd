import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, type SyntheticEvent, useState } from 'react';
import { useSearchParams } from 'react-router';

import { offeredQuery } from '@/api/offered';
import { Button } from '@/components/button';
import { TextField } from '@/components/field';
import { SeenAt } from '@/components/seen-at';
import { EmptyState, ErrorState } from '@/components/states';
import { ListSkeleton } from '@/components/work-list';
import { digits } from '@/format/ledger';
import { toHex } from '@/proofs/bytes';
import { type Checkpoint, parseCheckpoint } from '@/proofs/checkpoint';
import { verify } from '@/proofs/verify';

import { type Kept, type Since, forget, keep, kept, since } from './kept';
import { checkpointQuery, consistencyProof, inclusionProof, isNotFound, shownEvent } from './log';
import { Result } from './result';
import styles from './checkpoint-view.module.css';

/** The newest signed checkpoint: what it says, and proofs against it, checked in this browser. */
export function CheckpointView() {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery(checkpointQuery);
  const [parameters] = useSearchParams();
  // What was typed outlasts a newer checkpoint, which begins everything else anew.
  const [publicKey, setPublicKey] = useState(() => kept().key);
  const [position, setPosition] = useState(parameters.get('position'));
  if (data === undefined) {
    if (isNotFound(error)) {
      return (
        <EmptyState title="No checkpoint has been signed yet" action={<Button onClick={() => void refetch()}>Look again</Button>}>
          The first one follows seconds after the first event.
        </EmptyState>
      );
    }
    if (error !== null) return <ErrorState error={error} again={() => void refetch()} />;
    return <ListSkeleton what="The checkpoint is on its way" rows={2} />;
  }
  const checkpoint = read(data);
  return (
    <>
      <SeenAt at={dataUpdatedAt} busy={isFetching} again={() => void refetch()} />
      {checkpoint === undefined ? (
        <EmptyState title="The checkpoint cannot be read">
          What the server answered is no signed checkpoint. Keep it, and ask whoever runs the log for an explanation.
        </EmptyState>
      ) : (
        <Prove
          key={data}
          text={data}
          checkpoint={checkpoint}
          publicKey={publicKey}
          onPublicKey={setPublicKey}
          position={position ?? String(checkpoint.size)}
          onPosition={setPosition}
        />
      )}
    </>
  );
}

function Prove({ text, checkpoint, publicKey, onPublicKey, position, onPosition }: {
  text: string;
  checkpoint: Checkpoint;
  publicKey: string;
  onPublicKey: (key: string) => void;
  position: string;
  onPosition: (position: string) => void;
}) {
  const [remembered, setRemembered] = useState<Kept>(kept);
  const showsEvents = useQuery(offeredQuery).data?.includes('/audit/events/{position}') === true;
  const earlier = remembered.checkpoint === undefined ? undefined : read(remembered.checkpoint);
  const standing = since(earlier, checkpoint);
  const check = useMutation({
    mutationFn: async (what: 'event' | 'growth') => {
      if (what === 'event') {
        const [proof, event] = await Promise.all([
          inclusionProof(Number(position), checkpoint.size),
          showsEvents ? shownEvent(Number(position)) : '',
        ]);
        return verify({ key: publicKey, checkpoint: text, proof, earlier: '', event });
      }
      const proof = await consistencyProof(earlier?.size ?? 0, checkpoint.size);
      return verify({ key: publicKey, checkpoint: text, proof, earlier: remembered.checkpoint ?? '', event: '' });
    },
    onSuccess: (verdict, what) => {
      if (verdict.kind !== 'checked' || !verdict.holds) return;
      // What is kept gives way only to what was proven to continue it.
      if (what === 'event' && standing !== 'nothing-kept' && standing !== 'other-log') return;
      keep(publicKey, text);
      setRemembered(kept());
    },
    networkMode: 'always',
  });
  const wrong = faults(publicKey, position, checkpoint.size);
  const [asked, setAsked] = useState(false);
  const malformed = check.data?.kind === 'malformed' && check.data.field === 'key' ? `${check.data.detail}.` : undefined;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setAsked(true);
    if (Object.keys(wrong).length === 0) check.mutate('event');
  };
  return (
    <div className={styles.columns}>
      <div className={styles.form}>
        <Summary checkpoint={checkpoint} />
        <form onSubmit={submit} noValidate className={styles.form}>
          <TextField
            label="Public key of the log"
            hint="name+1a2b3c4d+… Take it from where you trust it, and not from this server. This browser keeps it."
            value={publicKey}
            onChange={(event) => {
              onPublicKey(event.target.value);
              check.reset();
            }}
            error={(asked ? wrong.key : undefined) ?? malformed}
            autoComplete="off"
            spellCheck={false}
          />
          <TextField
            label="Position of the event"
            inputMode="numeric"
            value={position}
            onChange={(event) => {
              onPosition(event.target.value);
              check.reset();
            }}
            error={asked ? wrong.position : undefined}
            autoComplete="off"
          />
          <Button look="main" type="submit" busy={check.isPending && check.variables === 'event'}>
            Prove that it is in the log
          </Button>
        </form>
        <LastVisit
          standing={standing}
          size={earlier?.size ?? 0}
          prove={
            <Button busy={check.isPending && check.variables === 'growth'} onClick={() => check.mutate('growth')}>
              Prove that the log only grew
            </Button>
          }
          onForget={() => {
            forget();
            setRemembered(kept());
          }}
        />
      </div>
      <Result verdict={check.data} error={check.error} />
    </div>
  );
}

/** How the checkpoint stands to the one that this browser kept. */
function LastVisit({ standing, size, prove, onForget }: {
  standing: Since;
  size: number;
  prove: ReactNode;
  onForget: () => void;
}) {
  const alarm = standing === 'shrunk' || standing === 'forked';
  const words: Record<Since, string> = {
    'nothing-kept':
      'Once a proof has held, this browser keeps its checkpoint. From then on you can check here that the log only grew: that nothing older was changed.',
    'other-log': 'This browser keeps the checkpoint of another log. It keeps this one instead once a proof has held.',
    same: `This browser keeps this very checkpoint, of ${digits(size)} events, and has verified it.`,
    grown: `This browser keeps a checkpoint of ${digits(size)} events that it has verified.`,
    shrunk: `This browser verified a checkpoint of ${digits(size)} events, and the log has fewer now: events were taken out. Keep what you have, and ask whoever runs the log.`,
    forked: `This browser verified another checkpoint of just as many events: the log has two pasts. Keep what you have, and ask whoever runs the log.`,
  };
  return (
    <section aria-labelledby="kept" className={styles.kept} data-alarm={alarm}>
      <h2 id="kept">Since your last visit</h2>
      <p role={alarm ? 'alert' : undefined}>{words[standing]}</p>
      {standing !== 'nothing-kept' && (
        <div className={styles.acts}>
          {standing === 'grown' && prove}
          <Button look="quiet" onClick={onForget}>
            Forget it
          </Button>
        </div>
      )}
    </section>
  );
}

function Summary({ checkpoint: { origin, size, root } }: { checkpoint: Checkpoint }) {
  return (
    <dl className={styles.summary}>
      <div>
        <dt>Log</dt>
        <dd>{origin}</dd>
      </div>
      <div>
        <dt>Events</dt>
        <dd>{digits(size)}</dd>
      </div>
      <div>
        <dt>Root over all of them</dt>
        <dd>{toHex(root)}</dd>
      </div>
    </dl>
  );
}

function faults(key: string, position: string, size: number): { key?: string; position?: string } {
  const number = Number(position);
  const isPosition = /^\d+$/.test(position.trim()) && number >= 1;
  return {
    ...(key.trim() === '' ? { key: 'Without a key that you trust, a signature says nothing.' } : {}),
    ...(isPosition ? {} : { position: 'A position is a whole number from 1.' }),
    ...(isPosition && number > size
      ? { position: `The checkpoint counts ${digits(size)} events. Look again in a moment: a newer one will count this one.` }
      : {}),
  };
}

function read(text: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(text);
  } catch {
    return undefined;
  }
}
