import { Link } from 'react-router';

import { Button } from '@/components/button';
import { Page } from '@/components/page';
import { Seal } from '@/layout/seal';

import styles from './goodbye.module.css';

/** The last page of somebody who was erased. */
export function Component() {
  return (
    <Page title="Goodbye" heading={null}>
      <div className={styles.letter}>
        <Seal size={44} />
        <h1>You are erased</h1>
        <p>
          Your companion, your letters and your pictures are gone, and nobody can bring them back, not even we. If you paid for
          something, it has ended, and you will not be charged again.
        </p>
        <p>What is left of you in our log is sealed, and the key to it is destroyed.</p>
        <p className={styles.farewell}>Thank you for having been here. Be well.</p>
        <Button asChild>
          <Link to="/sign-in">Go to the start</Link>
        </Button>
      </div>
    </Page>
  );
}
