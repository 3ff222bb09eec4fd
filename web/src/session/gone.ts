/** Where somebody is taken who was erased. */
export const GOODBYE = '/goodbye';

/**
 * The person was erased, here or elsewhere: whatever of theirs this browser kept goes, and a page that needs nobody says
 * goodbye.
 */
export function leaveForGood(): void {
  // The session, drafts, answers that were waiting, checkpoints that were seen: all of it was theirs.
  localStorage.clear();
  sessionStorage.clear();
  // Anew, so that nothing of the person stays in memory.
  window.location.replace(GOODBYE);
}
