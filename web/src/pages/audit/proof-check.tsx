import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useEffect, useRef, useState } from 'react';

import { Button } from '@/components/button';
import { TextArea, TextField } from '@/components/field';
import { type Evidence, type Verdict, verify } from '@/proofs/verify';

import { Steps } from './steps';
import styles from './proof-check.module.css';

const NOTHING: Evidence = { key: '', checkpoint: '', proof: '', earlier: '' };

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

function Result({ verdict, error }: { verdict: Verdict | undefined; error: Error | null }) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone it stands below the form.
    if (verdict?.kind === 'checked') section.current?.scrollIntoView({ block: 'nearest' });
  }, [verdict]);
  return (
    <section ref={section} aria-label="Result" className={styles.result} aria-live="polite">
      {error !== null && (
        <>
          <h2>This browser cannot check it</h2>
          <p>It lacks Ed25519 in WebCrypto. Take a newer browser, and open this page over HTTPS.</p>
        </>
      )}
      {verdict?.kind === 'checked' && <Steps verdict={verdict} />}
      {verdict?.kind === 'malformed' && (
        <>
          <h2>It could not be read</h2>
          <p>What is wrong stands beside its field. Nothing has been checked yet.</p>
        </>
      )}
      {verdict === undefined && error === null && (
        <>
          <h2>What is checked</h2>
          <ol className={styles.plan}>
            <li>that the checkpoint is signed with the key that you trust,</li>
            <li>that the proof is about the events which that checkpoint counts,</li>
            <li>that its hashes lead to the signed root (RFC 6962).</li>
          </ol>
          <p>
            If all of it holds, nobody can have put in, taken out or changed an event without breaking the signature. This
            page asks no server for it: you may go offline first.
          </p>
        </>
      )}
    </section>
  );
}
