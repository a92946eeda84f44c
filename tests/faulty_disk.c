/* A disk that refuses: preloaded, it lets the chosen calls on files below FAULT_ROOT fail with FAULT_ERRNO.
 *
 * FAULT_CALLS are names such as "write,fsync"; FAULT_NAME is a part of the path, below the root, that a call must
 * concern; the calls from FAULT_FROM on (1 is the first) fail, FAULT_TIMES of them, or all with 0. With FAULT_ALL the
 * first failure breaks the whole disk: from then on every call that writes below the root fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int seen, broken;

static int number(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

static int has(const char *list, const char *call) {
    size_t size = strlen(call);
    for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, call, size) && (at[size] == ',' || !at[size])) return 1;
    return 0;
}

static int refuse(void) {
    errno = number("FAULT_ERRNO");
    return 1;
}

static int fails(const char *call, const char *path) {
    const char *root = getenv("FAULT_ROOT"), *part = getenv("FAULT_NAME"), *calls = getenv("FAULT_CALLS");
    if (!root || !calls || !path || strncmp(path, root, strlen(root))) return 0;
    if (broken) return refuse();
    if (!has(calls, call) || (part && !strstr(path + strlen(root), part))) return 0;
    int at = ++seen, from = number("FAULT_FROM"), times = number("FAULT_TIMES");
    if (at < from || (times && at >= from + times)) return 0;
    if (number("FAULT_ALL")) broken = 1;
    return refuse();
}

static const char *name_of(int descriptor, char *room) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, room, PATH_MAX - 1);
    if (size <= 0) return NULL;
    room[size] = 0;
    return room;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int descriptor, const void *data, size_t size) {
    char room[PATH_MAX];
    return fails("write", name_of(descriptor, room)) ? -1 : NEXT(write)(descriptor, data, size);
}

int fsync(int descriptor) {
    char room[PATH_MAX];
    return fails("fsync", name_of(descriptor, room)) ? -1 : NEXT(fsync)(descriptor);
}

int rename(const char *old, const char *new) { return fails("rename", old) ? -1 : NEXT(rename)(old, new); }

int mkdir(const char *path, mode_t mode) { return fails("mkdir", path) ? -1 : NEXT(mkdir)(path, mode); }

static int opened(__typeof__(&open) next, const char *path, int flags, mode_t mode) {
    if ((flags & (O_WRONLY | O_RDWR)) && fails("open", path)) return -1;
    return next(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return opened(NEXT(open), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, mode_t);
    va_end(more);
    return opened(NEXT(open64), path, flags, mode);
}

static int locked(__typeof__(&fcntl) next, int descriptor, int command, void *what) {
    char room[PATH_MAX];
    int locks = command == F_SETLK || command == F_SETLKW;
    return locks && fails("lock", name_of(descriptor, room)) ? -1 : next(descriptor, command, what);
}

int fcntl(int descriptor, int command, ...) {
    va_list more;
    va_start(more, command);
    void *what = va_arg(more, void *);
    va_end(more);
    return locked(NEXT(fcntl), descriptor, command, what);
}

int fcntl64(int descriptor, int command, ...) {
    va_list more;
    va_start(more, command);
    void *what = va_arg(more, void *);
    va_end(more);
    return locked(NEXT(fcntl64), descriptor, command, what);
}
