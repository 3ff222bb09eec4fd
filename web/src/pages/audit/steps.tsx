import type { Verdict } from '@/proofs/verify';

import styles from './steps.module.css';

/** What was checked, step by step, under a seal that says what came of it. */
export function Steps({ verdict }: { verdict: Extract<Verdict, { kind: 'checked' }> }) {
  const { holds, steps, says } = verdict;
  return (
    <>
      <header className={styles.head} data-holds={holds}>
        <Seal holds={holds} />
        <h2>{holds ? 'Proof verified in this browser' : 'The proof does not hold'}</h2>
      </header>
      <p className={styles.says}>
        {holds ? says : 'Keep what you were given, and ask whoever runs the log for an explanation.'}
      </p>
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
        d="M28 2c4 0 5.4 3 9 4.200s6.800.4 9.300 3.500.9 6.400 2.700 9.600S54 23.400 54 28s-3.200 5.500-5 8.700-.2 6.500-2.700 9.600-5.700 2.300-9.300 3.500-5 4.200-9 4.200-5.400-3-9-4.200-6.800-.4-9.300-3.500-.9-6.400-2.700-9.600S2 32.600 2 28s3.200-5.500 5-8.700.2-6.500 2.700-9.600 5.700-2.300 9.300-3.500S24 2 28 2z"
        fill="currentColor"
      />
      <circle cx="28" cy="28" r="18" fill="none" stroke="var(--surface)" strokeWidth="1.500" />
      <path
        d={holds ? 'M19.500 28.500l6 6 11.500-13' : 'M21 21l14 14M35 21 21 35'}
        fill="none"
        stroke="var(--surface)"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
