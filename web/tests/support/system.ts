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

/** A system that somebody started, and has to stop. */
export interface Started extends System {
  /** Runs a command of the program beside it. */
  run: (...command: string[]) => string;
  stop: () => Promise<void>;
}

/** Starts `ava up` with the built web client, an empty directory, free ports and these variables. */
export async function startAva(variables: Record<string, string> = {}): Promise<Started> {
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
    ...variables,
  };
  const ava = spawn(program, ['--json', 'up'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => ava.once('exit', () => done()));
  const told = await new Promise<System>((done, failed) => {
    ava.once('error', failed);
    ava.once('exit', (code) => failed(new Error(`ava up ended with ${code ?? 'a signal'}`)));
    createInterface({ input: ava.stdout }).once('line', (line) => done(JSON.parse(line) as System));
  });
  return {
    ...told,
    run: (...command) => execFileSync(program, command, { cwd: root, env, encoding: 'utf8' }).trim(),
    stop: async () => {
      ava.kill('SIGINT');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Starts the system that most tests run against; the answer stops it. With `AVA_URL` and `AVA_SANDBOX_URL` they run
 * against one that is there already; `AVA_AUDIT_KEY` is then what `ava audit key` prints.
 */
export default async function start(): Promise<() => Promise<void>> {
  if (process.env.AVA_URL !== undefined) return () => Promise.resolve();
  const ava = await startAva();
  process.env.AVA_URL = ava.api;
  process.env.AVA_SANDBOX_URL = ava.sandbox;
  // From the command line: an auditor takes the key from elsewhere than the server.
  process.env.AVA_AUDIT_KEY = ava.run('audit', 'key');
  return ava.stop;
}
