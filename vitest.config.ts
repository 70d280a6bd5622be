import { configDefaults, defineConfig } from 'vitest/config'

// Tests run the TypeScript sources: the custom condition picks `src` over `dist` in every workspace.
const conditions = ['hypermesh:source', 'node', 'import', 'default']

// These take turns in two processes that stay: a process for each file took longer to load the sources
// than most of them took to run. What kills, or works long in DuckDB, has one to itself.
const mild = '!(*crash*|killed-*|layout-sql*).test.ts'
const shared = [
  `packages/{cli,client,contract,iceberg,kit}/{src,test}/**/${mild}`,
  `services/{catalog,gateway,storage}/{src,test}/**/${mild}`,
  `services/{graph,ingest,query,vector}/src/**/${mild}`,
  'services/graph/test/language/*.test.ts',
]

// That few threads of libuv are enough is tested here, so there are only so many as it makes by itself.
const fewThreads = ['packages/duckdb/{src,test}/**/*.test.ts']
// As the program has it, see packages/cli/bin: a fetch of rows holds a thread, and files wait for one.
const env = { UV_THREADPOOL_SIZE: '32' }

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // The first test of a file loads the services that it starts, which a busy machine is slow at.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // How long what is waited for may take on a busy machine; a second by default.
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    setupFiles: ['scripts/property-seed.ts'],
    projects: [
      { extends: true, test: { name: 'shared', isolate: false, include: shared, env } },
      {
        extends: true,
        test: {
          name: 'own',
          include: [
            'engine/{lib,test}/**/*.test.ts',
            'packages/*/{src,test}/**/*.test.ts',
            'services/*/{src,test}/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...shared, ...fewThreads],
          env,
          // After the others, so that none of them ends those two processes in between.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'few-threads', include: fewThreads, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
