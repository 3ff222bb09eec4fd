import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** Where the system under test answers. */
export interface System {
  api: string;
  sandbox: string;
}

/**
 * Starts `ava up` with the built web client, an empty directory and free ports; the answer stops it. With `AVA_URL` and
 * `AVA_SANDBOX_URL` the tests run against one that is there already; `AVA_AUDIT_KEY` is then what `ava audit key` prints.
 */
export default async function start(): Promise<() => Promise<void>> {
  if (process.env.AVA_URL !== undefined) return () => Promise.resolve();
  const root = resolve(import.meta.dirname, '../../..');
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const directory = mkdtempSync(join(tmpdir(), 'ava-web-'));
  // Root may not run PostgreSQL: whoever does it then has to get in, or the database ends up elsewhere and stays there.
  chmodSync(directory, 0o711);
  const program = process.env.AVA_BIN ?? join(target, 'debug/ava');
  const env = {
    PATH: process.env.PATH,
    ...(process.env.PG_BIN === undefined ? {} : { PG_BIN: process.env.PG_BIN }),
    HOME: directory,
    HTTP_ADDR: '127.0.0.1:0',
    SANDBOX_ADDR: '127.0.0.1:0',
    DATA_DIR: directory,
    WEB_DIR: join(root, 'web/dist'),
    RUST_LOG: 'warn',
  };
  const ava = spawn(program, ['--json', 'up'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => ava.once('exit', () => done()));
  const told = await new Promise<System>((done, failed) => {
    ava.once('error', failed);
    ava.once('exit', (code) => failed(new Error(`ava up ended with ${code ?? 'a signal'}`)));
    createInterface({ input: ava.stdout }).once('line', (line) => done(JSON.parse(line) as System));
  });
  process.env.AVA_URL = told.api;
  process.env.AVA_SANDBOX_URL = told.sandbox;
  // From the command line: an auditor takes the key from elsewhere than the server.
  process.env.AVA_AUDIT_KEY = execFileSync(program, ['audit', 'key'], { cwd: root, env, encoding: 'utf8' }).trim();
  return async () => {
    ava.kill('SIGINT');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
}
