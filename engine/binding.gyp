# The core knows no Node; the addon is a thin layer over it. Run through scripts/build.mjs.
{
  'includes': ['common.gypi'],
  'targets': [
    {
      'target_name': 'engine_core',
      'type': 'static_library',
      'sources': ['<!@(node scripts/list-sources.mjs core build/units)'],
      'conditions': [
        # g++ 12 takes "literal" + std::string for a copy that overlaps (GCC bug 105651).
        ['engine_strict==1', {
          'cflags_cc': [
            '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror', '-Wno-unknown-warning-option', '-Wno-restrict',
            # Of a unit's sources none is the main file.
            '-Wno-subobject-linkage',
          ],
        }, {'cflags_cc': ['-w']}],
      ],
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
