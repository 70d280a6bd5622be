# Flags of all targets. The Makefile builds the same core without Node; change both.
{
  'variables': {
    # Not "asan": Node's own config.gypi sets that one and wins.
    'engine_asan%': 0,
    # Warnings are errors in CI; an install by another compiler than ours must not fail by them.
    'engine_strict%': 0,
  },
  'target_defaults': {
    'include_dirs': ['.'],
    # Node's own choice would stand behind ours and win.
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-std=gnu++23'],
    'cflags_cc': ['-std=c++20', '-O3', '-fno-exceptions', '-fno-rtti', '-fvisibility=hidden'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
      'GCC_ENABLE_CPP_RTTI': 'NO',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '12.0',
    },
    'conditions': [
      # A unit has several files, and may grow by inlining as they would. clang knows no such limit.
      ['OS!="mac" and OS!="win"', {
        'cflags_cc': ['--param=large-unit-insns=1000000', '-Wno-unused-command-line-argument'],
      }],
      ['engine_asan==1', {
        'cflags_cc': [
          '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-O1', '-g1',
        ],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
    ],
  },
}
