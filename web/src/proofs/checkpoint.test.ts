// @vitest-environment node
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

import { expect, test } from 'vitest';

import { toHex } from './bytes';
import { isSignedBy, parseCheckpoint, parseVerifierKey } from './checkpoint';

// The example of the package that signed notes come from: golang.org/x/mod/sumdb/note.
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

test('the note of Peter Neumann is his', async () => {
  const key = await parseVerifierKey(KEY);
  expect(key.name).toBe('PeterNeumann');
  expect(await isSignedBy(NOTE, key)).toBe(true);
  expect(await isSignedBy(NOTE.trimEnd(), key)).toBe(true);
  expect(await isSignedBy(NOTE.replace('your problem is.', 'our problem is.'), key)).toBe(false);
  expect(await isSignedBy(NOTE.replace('your problem is.', 'your problem is. '), key)).toBe(false);
});

/** A log's key and signature, made by Node's own cryptography. */
function log(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const typed = Buffer.concat([Buffer.of(1), raw]);
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4);
  return {
    key: `${name}+${keyId.toString('hex')}+${typed.toString('base64')}`,
    line: (text: string) => `— ${name} ${Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`,
  };
}

const ROOT = createHash('sha256').digest();
const TEXT = `ava.example/log\n10000000\n${ROOT.toString('base64')}\n`;

test('a checkpoint says how long which log is, and what its root is', () => {
  const checkpoint = parseCheckpoint(`${TEXT}an extension\n\n${log('ava.example/log').line(TEXT)}`);
  expect(checkpoint).toMatchObject({ origin: 'ava.example/log', size: 10_000_000 });
  expect(toHex(checkpoint.root)).toBe(ROOT.toString('hex'));
});

test('signatures of others, as of witnesses, do no harm; a wrong one of the key itself does', async () => {
  const ours = log('ava.example/log');
  const key = await parseVerifierKey(ours.key);
  const witness = log('witness.example').line(TEXT);
  expect(await isSignedBy(`${TEXT}\n${witness}${ours.line(TEXT)}`, key)).toBe(true);
  expect(await isSignedBy(`${TEXT}\n${witness}`, key)).toBe(false);
  expect(await isSignedBy(`${TEXT}\n${ours.line(TEXT)}${ours.line('another text')}`, key)).toBe(false);
  // Of the same name, but another key.
  expect(await isSignedBy(`${TEXT}\n${log('ava.example/log').line(TEXT)}`, key)).toBe(false);
});

test.each([
  ['', 'no blank line'],
  [TEXT, 'no blank line'],
  [`${TEXT}\n`, 'no signature'],
  [`${TEXT}\n- ava x08g\n`, 'begins with “— ”'],
  [`${TEXT}\n— ava x08g!\n`, 'not base64'],
  [`${TEXT}\n— ava x08g\n`, 'too short'],
  [`\n5\n${ROOT.toString('base64')}\n\n— ava x08go/ZJ\n`, 'name of the log'],
  ['ava\n05\nAAAA\n\n— ava x08go/ZJ\n', 'number of events'],
  ['ava\n99999999999999999999\nAAAA\n\n— ava x08go/ZJ\n', 'number of events'],
  ['ava\n5\nAAAA\n\n— ava x08go/ZJ\n', 'not a SHA-256'],
  ['ava\n5\n\n— ava x08go/ZJ\n', 'not a SHA-256'],
])('what is no checkpoint is told so: %j', (note, detail) => {
  expect(() => parseCheckpoint(note)).toThrow(detail);
});

test.each([
  ['PeterNeumann', 'three parts'],
  [KEY.replace('c74f20a3', 'c74f20a4'), 'not copied as a whole'],
  [KEY.replace('PeterNeumann', 'PeterNewman'), 'not copied as a whole'],
  [KEY.replace('+ARpc', '+AhpC'), 'not an Ed25519 key'],
  [KEY.slice(0, -4), 'not an Ed25519 key'],
])('what is no key is told so: %s', async (key, detail) => {
  await expect(parseVerifierKey(key)).rejects.toThrow(detail);
});
