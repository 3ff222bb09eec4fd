// Fails when the JavaScript that the first page needs is more than 200 kB gzipped.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 200_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** The file of an entry, and of everything that it imports before it runs. */
function needed(key, found = new Set()) {
  const chunk = manifest[key];
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const imported of chunk.imports ?? []) needed(imported, found);
  return found;
}

const sizes = (files) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length, 0);

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = needed(entry);
let worst = { name: 'the shell', bytes: sizes(first) };
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry) continue;
  const bytes = sizes(needed(key, new Set(first)));
  if (bytes > worst.bytes) worst = { name: key, bytes };
}
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`JavaScript, gzipped: the shell ${kB(sizes(first))}, at most ${kB(worst.bytes)} with ${worst.name}`);
if (worst.bytes > LIMIT) {
  console.error(`That is more than ${kB(LIMIT)}: load less at first.`);
  process.exit(1);
}
