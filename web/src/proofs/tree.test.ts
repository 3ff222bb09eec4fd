// @vitest-environment node
import { createHash } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { fromHex, toHex } from './bytes';
import { continues, includes, leafHash } from './tree';

// The leaves and roots with which implementations of RFC 6962 have tested each other since the first one.
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
].map(fromHex);
const rootOf = (size: number) => ROOTS[size - 1]!;

const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
const D = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
const E = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
const LEFT_OF_EIGHT = 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7';

describe('the proofs that are known', () => {
  test.each([
    [0, 1, []],
    [0, 8, [A, B, C]],
    [5, 8, [E, D, LEFT_OF_EIGHT]],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
    [1, 5, ['6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', B, E]],
  ])('leaf %i is in the tree of %i', async (index, size, hashes) => {
    const leaf = await leafHash(fromHex(LEAVES[index]!));
    expect(await includes({ index, size, leaf, hashes: hashes.map(fromHex), root: rootOf(size) })).toBe(true);
  });

  test.each([
    [1, 1, []],
    [1, 8, [A, B, C]],
    [6, 8, ['0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a', D, LEFT_OF_EIGHT]],
    [2, 5, [B, E]],
    [
      6,
      7,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
        LEFT_OF_EIGHT,
      ],
    ],
  ])('the tree of %i begins that of %i', async (from, to, hashes) => {
    const roots = { fromRoot: rootOf(from), toRoot: rootOf(to) };
    expect(await continues({ from, to, ...roots, hashes: hashes.map(fromHex) })).toBe(true);
  });
});

// The definitions of RFC 6962, sections 2.1 to 2.1.2, word for word; they share nothing with what is tested.
const H = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());
const split = (n: number) => 2 ** Math.floor(Math.log2(n - 1));
const tree = (d: Uint8Array[]): Uint8Array =>
  d.length === 1 ? d[0]! : H(Uint8Array.of(1), tree(d.slice(0, split(d.length))), tree(d.slice(split(d.length))));
const path = (m: number, d: Uint8Array[]): Uint8Array[] => {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...path(m, d.slice(0, k)), tree(d.slice(k))] : [...path(m - k, d.slice(k)), tree(d.slice(0, k))];
};
const proof = (m: number, d: Uint8Array[], whole: boolean): Uint8Array[] => {
  if (m === d.length) return whole ? [] : [tree(d)];
  const k = split(d.length);
  return m <= k
    ? [...proof(m, d.slice(0, k), whole), tree(d.slice(k))]
    : [...proof(m - k, d.slice(k), false), tree(d.slice(0, k))];
};

const leaves = Array.from({ length: 33 }, (_, index) => H(Uint8Array.of(0, index)));
/** Every proof that is off by one hash, one bit, or one hash more. */
const damaged = (hashes: Uint8Array[]): Uint8Array[][] => [
  ...hashes.map((_, at) => hashes.filter((_, index) => index !== at)),
  ...hashes.map((_, at) => hashes.map((hash, index) => (index === at ? hash.map((byte, i) => (i === 31 ? byte ^ 1 : byte)) : hash))),
  [...hashes, leaves[0]!],
];

test('every leaf of every tree up to 33 is proven, and by nothing else', async () => {
  for (let size = 1; size <= 33; size += 1) {
    const d = leaves.slice(0, size);
    for (let index = 0; index < size; index += 1) {
      const about = { index, size, leaf: d[index]!, hashes: path(index, d), root: tree(d) };
      expect(await includes(about), `${index} of ${size}`).toBe(true);
      expect(await includes({ ...about, leaf: leaves[(index + 1) % 33]! })).toBe(false);
      expect(await includes({ ...about, index: index === 0 ? 1 : index - 1 })).toBe(false);
    }
    const middle = Math.floor(size / 2);
    for (const hashes of damaged(path(middle, d))) {
      expect(await includes({ index: middle, size, leaf: d[middle]!, hashes, root: tree(d) })).toBe(false);
    }
  }
});

test('every tree up to 33 begins every longer one, and no other', async () => {
  for (let to = 1; to <= 33; to += 1) {
    const d = leaves.slice(0, to);
    for (let from = 1; from <= to; from += 1) {
      const hashes = proof(from, d, true);
      const about = { from, to, fromRoot: tree(d.slice(0, from)), toRoot: tree(d), hashes };
      expect(await continues(about), `${from} of ${to}`).toBe(true);
      expect(await continues({ ...about, fromRoot: H() })).toBe(false);
      expect(await continues({ ...about, toRoot: H() })).toBe(false);
      if (to % 8 !== 5) continue;
      for (const bad of damaged(hashes)) expect(await continues({ ...about, hashes: bad })).toBe(false);
    }
  }
});

test('a log may have more events than 31 bits count', async () => {
  const size = 2 ** 40;
  const hashes = Array.from({ length: 40 }, (_, level) => H(Uint8Array.of(2, level)));
  const root = hashes.reduce((right, left) => H(Uint8Array.of(1), left, right), leaves[0]!);
  const about = { index: size - 1, size, leaf: leaves[0]!, hashes, root };
  expect(await includes(about)).toBe(true);
  expect(await includes({ ...about, index: size - 2 })).toBe(false);
});

test('what is no position proves nothing', async () => {
  const about = { leaf: leaves[0]!, hashes: [], root: leaves[0]! };
  for (const [index, size] of [[1, 1], [-1, 1], [0, 0], [0.5, 1], [Number.NaN, 1]] as const) {
    expect(await includes({ ...about, index, size })).toBe(false);
  }
  expect(await continues({ from: 0, to: 1, fromRoot: leaves[0]!, toRoot: leaves[0]!, hashes: [] })).toBe(false);
  expect(await continues({ from: 2, to: 1, fromRoot: leaves[0]!, toRoot: leaves[0]!, hashes: [] })).toBe(false);
});

test('the hash of a record begins with a zero byte', async () => {
  expect(toHex(await leafHash(new Uint8Array()))).toBe(toHex(rootOf(1)));
});
