import { Navigate } from 'react-router';

import { useSession } from '@/session/use-session';

/** `/`: to the conversation, or to where one signs in. */
export function Welcome() {
  const session = useSession();
  return <Navigate to={session.status === 'in' ? '/chat' : '/sign-in'} replace />;
}
