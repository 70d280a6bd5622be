# Run through scripts/build.mjs.
{
  'variables': {
    # Not "asan": Node's own config.gypi sets that one and wins.
    'hnsw_asan%': 0,
    # Warnings are errors in CI; an install by another compiler than ours must not fail by them.
    'hnsw_strict%': 0,
    # Nothing of that package is built or run: only its header is read.
    'hnswlib': '<!(node -p "require.resolve(\'hnswlib-node/package.json\').slice(0, -12)")src',
  },
  'targets': [
    {
      'target_name': 'hnsw',
      'sources': ['<!@(node scripts/list-sources.mjs)'],
      'defines': ['NAPI_VERSION=8'],
      # Node's own choice would stand behind ours and win.
      'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-std=gnu++23', '-fno-exceptions'],
      # The header of hnswlib throws.
      'cflags_cc': ['-std=c++20', '-O3', '-fexceptions', '-fvisibility=hidden', '-isystem<(hnswlib)'],
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
        'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '12.0',
        'OTHER_CFLAGS': ['-isystem<(hnswlib)'],
      },
      'conditions': [
        ['hnsw_strict==1', {'cflags_cc': ['-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror']}],
        # A function that nobody wrote fails the load, not the process at its first call.
        ['OS=="linux"', {'ldflags': ['-Wl,-z,now']}],
        ['hnsw_asan==1', {
          'cflags_cc': [
            '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-O1', '-g1',
          ],
          'ldflags': ['-fsanitize=address,undefined'],
        }],
      ],
    },
  ],
}
