// Writes what the client knows of the API from docs/openapi.json: types, and the limits of what can be sent.
// With --check: fails when they are stale.
import { readFileSync, writeFileSync } from 'node:fs';

import openapiTS, { astToString } from 'openapi-typescript';

const document = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
const BANNER = '// Made from docs/openapi.json by `npm run types`; not to be edited.\n\n';

const types = BANNER + astToString(await openapiTS(document));

const limits = {};
for (const [name, schema] of Object.entries(document.components.schemas)) {
  if (schema.additionalProperties !== false || schema.properties === undefined) continue;
  for (const [field, { minLength, maxLength, minimum, maximum }] of Object.entries(schema.properties)) {
    const limit = { minLength, maxLength, minimum, maximum };
    if (Object.values(limit).every((value) => value === undefined)) continue;
    (limits[name] ??= {})[field] = limit;
  }
}
const limitsText = `${BANNER}export const limits = ${JSON.stringify(limits, null, 2)} as const;\n`;

const stale = [];
for (const [file, text] of [
  ['schema.ts', types],
  ['limits.ts', limitsText],
]) {
  const path = new URL(`../src/api/${file}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) stale.push(file);
}
if (stale.length > 0) {
  console.error(`Stale: src/api/${stale.join(' and ')}. Run \`npm run types\` in web/.`);
  process.exit(1);
}
