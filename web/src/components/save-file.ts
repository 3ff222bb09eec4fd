/** Hands a file to the browser, which keeps it where the person keeps theirs. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // It is read by then, or never.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
