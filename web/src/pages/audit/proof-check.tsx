import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';

import { Button } from '@/components/button';
import { TextArea, TextField } from '@/components/field';
import { type Evidence, verify } from '@/proofs/verify';

import { Result } from './result';
import styles from './proof-check.module.css';

const NOTHING: Evidence = { key: '', checkpoint: '', proof: '', earlier: '', event: '' };

/** Checks a proof in this browser: whoever runs the server cannot answer in its stead. */
export function ProofCheck() {
  const [evidence, setEvidence] = useState(NOTHING);
  const check = useMutation({ mutationFn: verify, networkMode: 'always' });
  const verdict = check.data;
  const change = (field: keyof Evidence) => (event: { target: { value: string } }) => {
    setEvidence((before) => ({ ...before, [field]: event.target.value }));
    // A verdict is about what was checked, not about what stands there now.
    check.reset();
  };
  const wrong = (field: keyof Evidence) =>
    verdict?.kind === 'malformed' && verdict.field === field ? `${verdict.detail}.` : undefined;
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    check.mutate(evidence);
  };
  const compares = evidence.proof.includes('"from"');
  return (
    <div className={styles.columns}>
      <form onSubmit={submit} noValidate className={styles.form}>
        <TextField
          label="Public key of the log"
          hint="name+1a2b3c4d+… Take it from where you trust it, and not from this server."
          value={evidence.key}
          onChange={change('key')}
          error={wrong('key')}
          autoComplete="off"
          spellCheck={false}
        />
        <TextArea
          label="Checkpoint"
          hint="As it was given to you, signatures included."
          value={evidence.checkpoint}
          onChange={change('checkpoint')}
          error={wrong('checkpoint')}
          spellCheck={false}
        />
        <TextArea
          label="Proof"
          hint="That an event is in the log, or that the log only grew: the JSON of either."
          value={evidence.proof}
          onChange={change('proof')}
          error={wrong('proof')}
          spellCheck={false}
        />
        {!compares && (
          <TextArea
            label="The event"
            hint="As the API answers it. You may leave it out: then only its hash is proven to be in the log, not what it says."
            value={evidence.event}
            onChange={change('event')}
            error={wrong('event')}
            spellCheck={false}
          />
        )}
        {(compares || evidence.earlier !== '') && (
          <TextArea
            label="The earlier checkpoint"
            hint="The one that you kept: the log is to be its continuation."
            value={evidence.earlier}
            onChange={change('earlier')}
            error={wrong('earlier')}
            spellCheck={false}
          />
        )}
        <Button look="main" type="submit" busy={check.isPending}>
          Check it in this browser
        </Button>
      </form>
      <Result verdict={verdict} error={check.error} />
    </div>
  );
}
