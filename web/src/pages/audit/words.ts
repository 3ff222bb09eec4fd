import { shortId } from '@/format/ledger';

/** `user:0199f0c0…00000002`: who did it, with the ends of their id. */
export function actorOf(actor: string): string {
  const [kind, ...rest] = actor.split(':');
  return rest.length === 0 ? actor : `${kind ?? ''}:${shortId(rest.join(':'))}`;
}
