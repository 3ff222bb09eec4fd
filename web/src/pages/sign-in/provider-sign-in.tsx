import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useNavigate } from 'react-router';

import { Button } from '@/components/button';
import type { OidcClient } from '@/session/config';
import { session } from '@/session/session';

import { NotSignedIn, signInFor, wayBack } from './way-back';
import styles from './sign-in.module.css';

/** At the identity provider, with a code and PKCE; its library is fetched when it is needed. */
export function ProviderSignIn({ client, back }: { client: OidcClient; back: string | null }) {
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: async () => (await import('./provider')).leaveFor(client, wayBack(back)),
  });
  const { mutate: comeBack, ...returning } = useMutation({
    mutationFn: async () => (await import('./provider')).comeBack(client),
    onSuccess: async ({ token, expiresInSeconds, user, back: to }) => {
      // First the way back, which this page goes as soon as somebody is signed in.
      await navigate(signInFor(to), { replace: true });
      session.signIn(token, expiresInSeconds, user);
    },
    // A code is good once; what was wanted still is.
    onError: (error) => void navigate(signInFor(error instanceof NotSignedIn ? error.back : null), { replace: true }),
  });
  const hasCode = /[?&](code|error)=/.test(window.location.search);
  useEffect(() => {
    if (hasCode) comeBack();
  }, [hasCode, comeBack]);
  const failed = leave.error ?? returning.error;
  return (
    <div className={styles.form}>
      {failed !== null && (
        <p role="alert" className={styles.expired}>
          The sign-in did not work out. Please try it again; if it fails twice, come back a little later.
        </p>
      )}
      <Button look="main" busy={leave.isPending || returning.isPending} onClick={() => leave.mutate()}>
        Sign in
      </Button>
    </div>
  );
}
