/** What a person types who means it: their own address, or plain words where the server knows none. */
export function wantedWords(email: string | null): string {
  return email ?? 'erase everything';
}

/** Whether somebody typed them; capitals and white space around them make no difference. */
export function isConfirmed(typed: string, wanted: string): boolean {
  return typed.trim().toLowerCase() === wanted.trim().toLowerCase();
}
