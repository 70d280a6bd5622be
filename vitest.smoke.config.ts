import { defineConfig } from 'vitest/config'

// Smoke sees only the built program: no condition, no source.
export default defineConfig({
  test: {
    include: ['smoke/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Each file starts servers of its own on free ports; two cores carry two files at once.
    maxWorkers: 2,
  },
})
