import { type Bytes, Malformed, concat, fromBase64, same, toHex } from './bytes';
import { HASH_LENGTH } from './tree';

/** What a log commits itself to (C2SP tlog-checkpoint): its name, how many events it has, and the root over them. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

/** A text and who signed it (C2SP signed-note). */
interface SignedNote {
  text: string;
  signatures: { name: string; keyId: Bytes; signature: Bytes }[];
}

/** Whose signature counts (C2SP signed-note: `name+key id+key`). */
export interface VerifierKey {
  name: string;
  keyId: Bytes;
  ed25519: Bytes;
}

/** The signature type Ed25519 of the specification. */
const ED25519 = 1;
const KEY_ID_LENGTH = 4;

export function parseCheckpoint(note: string): Checkpoint {
  const [origin, size, root] = parseNote(note).text.split('\n');
  if (origin === undefined || origin === '') throw new Malformed('The first line, the name of the log, is empty');
  if (size === undefined || !/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new Malformed('The second line is not the number of events');
  }
  const hash = fromBase64(root ?? '');
  if (hash.length !== HASH_LENGTH) throw new Malformed('The third line is not a SHA-256 in base64');
  return { origin, size: Number(size), root: hash };
}

/** `name+1a2b3c4d+base64`; its middle part is a check of the others. */
export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim());
  if (parts === null) throw new Malformed('A key has three parts: name+1a2b3c4d+base64');
  const [, name = '', told = '', encoded = ''] = parts;
  const typed = fromBase64(encoded);
  if (typed[0] !== ED25519 || typed.length !== 33) throw new Malformed('This is not an Ed25519 key');
  const keyId = await keyIdOf(name, typed);
  if (toHex(keyId) !== told) {
    throw new Malformed('The middle part does not fit the rest: the key was not copied as a whole');
  }
  return { name, keyId, ed25519: typed.slice(1) };
}

/** Whether that key signed the note. A signature of an unknown key says nothing, a wrong one of this key says no. */
export async function isSignedBy(note: string, key: VerifierKey): Promise<boolean> {
  const { text, signatures } = parseNote(note);
  const theirs = signatures.filter(({ name, keyId }) => name === key.name && same(keyId, key.keyId));
  if (theirs.length === 0) return false;
  const imported = await crypto.subtle.importKey('raw', key.ed25519, 'Ed25519', false, ['verify']);
  const signed = new TextEncoder().encode(text);
  for (const { signature } of theirs) {
    if (!(await crypto.subtle.verify('Ed25519', imported, signature, signed))) return false;
  }
  return true;
}

async function keyIdOf(name: string, typed: Uint8Array): Promise<Bytes> {
  const named = concat(new TextEncoder().encode(`${name}\n`), typed);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', named)).slice(0, KEY_ID_LENGTH);
}

function parseNote(note: string): SignedNote {
  // The blank line belongs to neither; the text keeps its last line's end, which is signed too.
  const end = note.lastIndexOf('\n\n');
  if (end === -1) throw new Malformed('There is no blank line before the signatures');
  const lines = note.slice(end + 2).split('\n');
  // A copy may have lost the last line's end.
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Malformed('There is no signature');
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): SignedNote['signatures'][number] {
  const parts = /^— ([^\s+]+) (\S+)$/.exec(line);
  if (parts === null) throw new Malformed('A line of a signature begins with “— ”, and has a name and base64');
  const [, name = '', encoded = ''] = parts;
  const bytes = fromBase64(encoded);
  if (bytes.length <= KEY_ID_LENGTH) throw new Malformed('A signature is too short');
  return { name, keyId: bytes.slice(0, KEY_ID_LENGTH), signature: bytes.slice(KEY_ID_LENGTH) };
}
