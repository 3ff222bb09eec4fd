import { shortId } from '@/format/ledger';

/** `user:0199f0c0…00000002`: who did it, with the ends of their id; what has a name, as a reaction, keeps it whole. */
export function actorOf(actor: string): string {
  return actor.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, shortId);
}
