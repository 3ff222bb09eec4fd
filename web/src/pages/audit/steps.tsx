import type { Verdict } from '@/proofs/verify';

import styles from './steps.module.css';

/** What was checked, step by step, under a seal that says what came of it. */
export function Steps({ verdict }: { verdict: Extract<Verdict, { kind: 'checked' }> }) {
  const { holds, steps, says, leaf } = verdict;
  return (
    <>
      <header className={styles.head} data-holds={holds}>
        <Seal holds={holds} />
        <h2>{holds ? 'Proof verified in this browser' : 'The proof does not hold'}</h2>
      </header>
      <p className={styles.says}>
        {holds ? says : 'Keep what you were given, and ask whoever runs the log for an explanation.'}
      </p>
      {leaf !== undefined && (
        <p className={styles.leaf}>
          Hash of the event <code>{leaf}</code>
        </p>
      )}
      <ol className={styles.steps}>
        {steps.map((step) => (
          <li key={step.claim} data-holds={step.holds}>
            <span className={styles.mark} aria-hidden="true">
              {step.holds ? '✓' : '✗'}
            </span>
            <span>
              {step.claim}
              {!step.holds && <strong>: no</strong>}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** As pressed into wax; whole, or broken. */
function Seal({ holds }: { holds: boolean }) {
  return (
    <svg width="56" height="56" viewBox="0 0 56 56" aria-hidden="true" className={styles.seal}>
      <path
        d="M28 2c4 0 5.4 3 9 4.2s6.8.4 9.3 3.5.9 6.4 2.7 9.6S54 23.4 54 28s-3.2 5.5-5 8.7-.2 6.5-2.7 9.6-5.7 2.3-9.3 3.5-5 4.2-9 4.2-5.4-3-9-4.2-6.8-.4-9.3-3.5-.9-6.4-2.7-9.6S2 32.6 2 28s3.2-5.5 5-8.7.2-6.5 2.7-9.6 5.7-2.3 9.3-3.5S24 2 28 2z"
        fill="currentColor"
      />
      <circle cx="28" cy="28" r="18" fill="none" stroke="var(--surface)" strokeWidth="1.5" />
      <path
        d={holds ? 'M19.5 28.5l6 6 11.5-13' : 'M21 21l14 14M35 21 21 35'}
        fill="none"
        stroke="var(--surface)"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
