import { defineConfig } from 'vitest/config'

// Tests run the TypeScript sources: the custom condition picks `src` over `dist` in every workspace.
const conditions = ['hypermesh:source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'engine/{lib,test}/**/*.test.ts',
      'packages/*/{src,test}/**/*.test.ts',
      'services/*/{src,test}/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // How long what is waited for may take on a busy machine; a second by default.
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    setupFiles: ['scripts/property-seed.ts'],
  },
})
