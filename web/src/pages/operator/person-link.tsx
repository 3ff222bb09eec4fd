import { Link } from 'react-router';

import { shortId } from '@/format/ledger';

/** To the account of somebody. */
export function Person({ id }: { id: string }) {
  return (
    <Link to={`?view=people&id=${encodeURIComponent(id)}`} title={id}>
      <code>{shortId(id)}</code>
    </Link>
  );
}
