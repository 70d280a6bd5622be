// Preloaded: once the file NO_THREADS is there, so many more threads start as it has bytes.
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*run)(void*), void* argument) noexcept {
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  static std::atomic<long> started = 0;
  const char* path = getenv("NO_THREADS");
  struct stat found;
  if (path != nullptr && stat(path, &found) == 0 && started++ >= found.st_size) return EAGAIN;
  return real(thread, attributes, run, argument);
}
