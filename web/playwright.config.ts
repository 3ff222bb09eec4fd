import { defineConfig, devices } from '@playwright/test';

// Against the real program: `tests/support/system.ts` starts it with a directory and free ports of its own.
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './tests/support/system.ts',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  // One system, and one machine: more at once would only wait for each other.
  workers: 1,
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list']],
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1280, height: 900 },
    // What was there and what was asked; a film of every test would take longer than most of them.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
