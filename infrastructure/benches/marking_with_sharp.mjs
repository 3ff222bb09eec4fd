// What `provenance::finish` does, done by sharp (libvips) as fast as sharp can: see `marking.rs`.
//
// `SHARP_DIR=target/bench/sharp node marking_with_sharp.mjs DIRECTORY`: writes a lossy WebP beside each PNG of the
// directory and says its versions; then each line of its input is an order {"file", "pictures"}, and each line of its
// output says how long that took.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const sharp = createRequire(path.join(process.env.SHARP_DIR, 'package.json'))('sharp');
sharp.concurrency(1);
sharp.cache(false);

const [directory] = process.argv.slice(2);
const MASK = new URL('../../badge/assets/ai-generated.png', import.meta.url).pathname;
const THUMBNAIL_SIDE = 320;
// Its own default also searches for the best Huffman table, which takes three times as long; ours does not.
const JPEG = { quality: 90, chromaSubsampling: '4:4:4', optimiseCoding: false };

const XMP = Buffer.from(`http://ns.adobe.com/xap/1.0/\0<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>`);

const plain = ({ width, height, channels }) => ({ raw: { width, height, channels } });

/** The badge for a picture, made once per size: our pill's place and look, as pixels with alpha. */
async function badge(width, height) {
  const mask = await sharp(MASK).metadata();
  const pill = Math.max(18, Math.round(8 + 0.034 * Math.min(width, height)));
  const scale = (0.42 * pill) / 117;
  const margin = Math.round(pill * 0.45);
  const size = { width: Math.round(mask.width * scale + pill * 0.95), height: pill, channels: 4 };
  const words = { width: Math.round(mask.width * scale), height: Math.round(mask.height * scale) };
  const alpha = await sharp(MASK).resize(words.width, words.height, { fit: 'fill' }).toColourspace('b-w').extractChannel(0).raw().toBuffer();
  const white = { create: { ...words, channels: 3, background: '#fff' } };
  const letters = await sharp(white).joinChannel(alpha, { raw: { ...words, channels: 1 } }).png().toBuffer();
  const shape = `<svg width="${size.width}" height="${pill}"><rect width="100%" height="100%" rx="${pill / 2}" fill-opacity="0.58"/></svg>`;
  const pixels = await sharp(Buffer.from(shape)).composite([{ input: letters }]).ensureAlpha().raw().toBuffer();
  return { pixels, size, left: width - margin - size.width, top: height - margin - pill };
}

const badges = new Map();
async function badgeFor({ width, height }) {
  const key = `${width}x${height}`;
  if (!badges.has(key)) badges.set(key, await badge(width, height));
  return badges.get(key);
}

/**
 * Draws the badge into the pixels. Only its own corner goes through sharp's `composite`: that converts each pixel
 * of what it is given to floating point and back, which takes 15 ms more for the whole picture.
 */
async function drawBadge(pixels, info) {
  const { pixels: overlay, size, left, top } = await badgeFor(info);
  const stride = size.width * 3;
  const at = (row) => ((top + row) * info.width + left) * 3;
  const corner = Buffer.allocUnsafe(stride * size.height);
  for (let row = 0; row < size.height; row++) pixels.copy(corner, row * stride, at(row), at(row) + stride);
  const marked = await sharp(corner, plain({ ...size, channels: 3 }))
    .composite([{ input: overlay, ...plain(size) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  for (let row = 0; row < size.height; row++) marked.copy(pixels, at(row), row * stride, (row + 1) * stride);
}

/** Badge, JPEG, XMP after the JFIF header, hash. */
async function mark(pixels, info) {
  await drawBadge(pixels, info);
  const jpeg = await sharp(pixels, plain(info)).jpeg(JPEG).toBuffer();
  const segment = Buffer.from([0xff, 0xe1, 0, 0]);
  segment.writeUInt16BE(XMP.length + 2, 2);
  const isJfif = jpeg[3] === 0xe0;
  const place = isJfif ? 4 + jpeg.readUInt16BE(4) : 2;
  const file = Buffer.concat([jpeg.subarray(0, place), segment, XMP, jpeg.subarray(place)]);
  return { file, sha256: crypto.createHash('sha256').update(file).digest('hex') };
}

async function finish(bytes) {
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .flatten({ background: '#fff' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const small = await sharp(data, plain(info))
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', kernel: 'linear' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const thumbnail = await mark(small.data, small.info);
  const full = await mark(data, info);
  return { full, thumbnail };
}

async function round({ file, pictures }) {
  const bytes = fs.readFileSync(file);
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  let finished;
  for (let picture = 0; picture < pictures; picture++) finished = await finish(bytes);
  const wall = performance.now() - started;
  const used = process.cpuUsage(cpu);
  if (process.env.KEEP_IN) {
    const name = path.join(process.env.KEEP_IN, path.basename(file));
    fs.writeFileSync(`${name}.full.jpg`, finished.full.file);
    fs.writeFileSync(`${name}.thumbnail.jpg`, finished.thumbnail.file);
  }
  return { wall_ms: wall, cpu_ms: (used.user + used.system) / 1e3, bytes: finished.full.file.length };
}

for (const name of fs.readdirSync(directory).filter((name) => name.endsWith('.png'))) {
  const file = path.join(directory, name);
  await sharp(file).webp({ quality: 80 }).toFile(file.replace(/\.png$/, '-lossy.webp'));
}
const { sharp: itself, vips, mozjpeg, webp } = sharp.versions;
console.log(JSON.stringify({ sharp: itself, vips, mozjpeg, webp }));
for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await round(JSON.parse(line))));
}
