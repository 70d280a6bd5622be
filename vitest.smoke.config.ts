import { defineConfig } from 'vitest/config'

// Smoke sees only the built program: no condition, no source, one file at a time.
export default defineConfig({
  test: {
    include: ['smoke/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
