import { defineConfig } from 'vitest/config'

// What runs again with the platform in three processes: all that goes through the services.
const split = [
  'bad-input',
  'iceberg-rest',
  'ingest',
  'jobs',
  'objects',
  'restart',
  'sql',
  'time-travel',
]

// Smoke sees only the built program: no condition, no source.
const common = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // How long what is waited for may take on a busy machine; a second by default.
  expect: { poll: { timeout: 30_000 } },
}

export default defineConfig({
  test: {
    // Each file starts servers of its own on free ports; two cores carry two files at once.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'smoke', include: ['smoke/*.test.ts'] } },
      {
        test: {
          ...common,
          name: 'split',
          include: split.map((name) => `smoke/${name}.test.ts`),
          env: { HYPERMESH_TOPOLOGY: 'split' },
        },
      },
    ],
  },
})
