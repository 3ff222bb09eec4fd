import { useEffect, useRef } from 'react';

import { RequestFailed } from '@/api/problem';
import { ErrorNote } from '@/components/states';
import type { Verdict } from '@/proofs/verify';

import { Steps } from './steps';
import styles from './proof-check.module.css';

/** What came of checking a proof; before that, what is going to be checked. */
export function Result({ verdict, error }: { verdict: Verdict | undefined; error: Error | null }) {
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone it stands below the form.
    if (verdict?.kind === 'checked') section.current?.scrollIntoView({ block: 'nearest' });
  }, [verdict]);
  return (
    <section ref={section} aria-label="Result" className={styles.result} aria-live="polite">
      {error instanceof RequestFailed && <ErrorNote error={error} />}
      {error !== null && !(error instanceof RequestFailed) && (
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
            <li>that the event, as it is shown, has the hash that the proof is about,</li>
            <li>that its hashes lead to the signed root (RFC 6962).</li>
          </ol>
          <p>
            If all of it holds, nobody can have put in, taken out or changed an event without breaking the signature. The
            check itself asks no server: nobody can answer in its stead.
          </p>
        </>
      )}
    </section>
  );
}
