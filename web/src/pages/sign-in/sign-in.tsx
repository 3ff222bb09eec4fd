import { useMutation, useQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { Navigate, useSearchParams } from 'react-router';

import { answer, api } from '@/api/client';
import { fieldErrors } from '@/api/problem';
import { Button } from '@/components/button';
import { TextField } from '@/components/field';
import { Page } from '@/components/page';
import { Skeleton } from '@/components/skeleton';
import { ErrorNote, ErrorState } from '@/components/states';
import { Seal } from '@/layout/seal';
import { signInWaysQuery } from '@/session/config';
import { session } from '@/session/session';
import { useSession } from '@/session/use-session';

import { ProviderSignIn } from './provider-sign-in';
import { wayBack } from './way-back';
import styles from './sign-in.module.css';

export function Component() {
  const [query] = useSearchParams();
  const state = useSession();
  const ways = useQuery(signInWaysQuery);
  if (state.status === 'in') {
    // The address itself: a provider's way back was put there a moment ago, which `query` may not show yet.
    const back = new URLSearchParams(window.location.search).get('back');
    return <Navigate to={wayBack(back)} replace />;
  }
  return (
    <Page title="Sign in" heading={null}>
      <div className={styles.sheet}>
        <header className={styles.letterhead}>
          <Seal size={44} />
          <h1>Ava</h1>
          <p>Somebody to write to. Design her, see her, and exchange letters and pictures.</p>
        </header>
        {query.has('expired') && (
          <p role="status" className={styles.expired}>
            Your session has ended. Sign in again, and you are back where you were.
          </p>
        )}
        {ways.isPending && <Skeleton height="134px" />}
        {ways.error !== null && <ErrorState error={ways.error} again={() => void ways.refetch()} />}
        {ways.data?.oidc != null && <ProviderSignIn client={ways.data.oidc} back={query.get('back')} />}
        {ways.data?.development === true && <DevelopmentSignIn />}
        {ways.data?.oidc === null && !ways.data.development && (
          <p role="alert">Nobody can sign in here yet: whoever runs this system has to say where (AUTH_WEB_CLIENT_ID).</p>
        )}
        <p className={styles.small}>Ava is an AI: a fictional adult, not a person. You must be 18 or older.</p>
      </div>
    </Page>
  );
}

/** With any address, and with roles: in development only. */
function DevelopmentSignIn() {
  const [email, setEmail] = useState('');
  const [roles, setRoles] = useState<('auditor' | 'operator')[]>([]);
  const signIn = useMutation({
    mutationFn: () => answer(api.POST('/dev/token', { body: { email: email.trim(), ...(roles.length > 0 ? { roles } : {}) } })),
    onSuccess: ({ access_token, expires_in, user }) => {
      session.signIn(access_token, expires_in, { id: user.id, email: user.email ?? null, roles: user.roles });
    },
  });
  const errors = fieldErrors(signIn.error);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  return (
    <form onSubmit={submit} noValidate className={styles.form}>
      <TextField
        label="Your e-mail address"
        type="email"
        name="email"
        autoComplete="email"
        inputMode="email"
        placeholder="you@example.com"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={errors.email}
      />
      {signIn.error !== null && errors.email === undefined && <ErrorNote error={signIn.error} />}
      <Button look="main" type="submit" busy={signIn.isPending}>
        Sign in
      </Button>
      <details className={styles.roles}>
        <summary>For auditors and operators</summary>
        <fieldset>
          <legend>This is a development system: take the roles that you want to try.</legend>
          {(['auditor', 'operator'] as const).map((role) => (
            <label key={role}>
              <input
                type="checkbox"
                checked={roles.includes(role)}
                onChange={(event) =>
                  setRoles((before) => (event.target.checked ? [...before, role] : before.filter((one) => one !== role)))
                }
              />{' '}
              {role === 'auditor' ? 'Auditor: reads the event log' : 'Operator: runs the system'}
            </label>
          ))}
        </fieldset>
      </details>
    </form>
  );
}
