/* Preloaded, delays opening a .parquet file for writing by up to 60 ms, now more, now less. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

static void delay(const char *path, int flags) {
    static atomic_uint state = 1;
    if (path && (flags & O_ACCMODE) != O_RDONLY && strstr(path, ".parquet")) {
        unsigned number = (state = state * 1103515245 + 12345) >> 16;
        struct timespec pause = {0, number % 61 * 1000000L};
        nanosleep(&pause, NULL);
    }
}

#define MODE                                   \
    mode_t mode = 0;                           \
    if (flags & (O_CREAT | O_TMPFILE)) {       \
        va_list rest;                          \
        va_start(rest, flags);                 \
        mode = va_arg(rest, mode_t);           \
        va_end(rest);                          \
    }                                          \
    delay(path, flags);

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        MODE                                                                        \
        int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name);              \
        return next(path, flags, mode);                                             \
    }

#define OPENAT(name)                                                                \
    int name(int folder, const char *path, int flags, ...) {                        \
        MODE                                                                        \
        int (*next)(int, const char *, int, ...) = dlsym(RTLD_NEXT, #name);         \
        return next(folder, path, flags, mode);                                     \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
