# The core knows no Node; the addon is a thin layer over it. Run through scripts/build.mjs.
{
  'includes': ['common.gypi'],
  'targets': [
    {
      'target_name': 'engine_core',
      'type': 'static_library',
      'sources': ['<!@(node scripts/list-sources.mjs core)'],
      # The Makefile compiles the core with all warnings as errors, under two compilers.
      'cflags_cc': ['-w'],
    },
    {
      'target_name': 'engine',
      'dependencies': ['engine_core'],
      'sources': ['<!@(node scripts/list-sources.mjs binding)'],
      'defines': ['NAPI_VERSION=8'],
      'conditions': [
        ['engine_strict==1', {'cflags_cc': ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror']}],
        # A function that nobody wrote fails the load, not the process at its first call.
        ['OS=="linux"', {'ldflags': ['-Wl,-z,now']}],
      ],
    },
  ],
}
