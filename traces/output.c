#define _GNU_SOURCE /* O_TMPFILE, asprintf */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool system_fail(const struct output *output, struct trace_error *error) {
    return trace_fail(error, "%s: %s", output->path ? output->path : "standard output",
                      strerror(errno));
}

/* The target through symbolic links, so that a rename replaces the file and not the link. */
static char *real_target(const char *path) {
    char *real = realpath(path, NULL);
    return real ? real : strdup(path);
}

/* "DIRECTORY/.NAME.XXXXXX" */
static char *temporary_name(const char *path) {
    char *one = strdup(path), *two = strdup(path), *name = NULL;
    if (one && two && asprintf(&name, "%s/.%s.XXXXXX", dirname(one), basename(two)) < 0)
        name = NULL;
    free(one);
    free(two);
    return name;
}

/* A descriptor of a new file: nameless where the file system can, so that even a kill leaves
 * nothing. */
static int create_beside(struct output *output) {
    char *copy = strdup(output->path);
    if (!copy)
        return -1;
    int fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    free(copy);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    output->temporary = temporary_name(output->path);
    if (!output->temporary)
        return -1;
    fd = mkostemp(output->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return -1;
    }
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
    return fd;
}

static bool open_replaceable(struct output *output, struct trace_error *error) {
    int fd = create_beside(output);
    if (fd < 0)
        return system_fail(output, error);
    output->file = fdopen(fd, "w+b");
    if (output->file)
        return true;
    system_fail(output, error);
    close(fd);
    return false;
}

static bool open_direct(struct output *output, bool may_stream, struct trace_error *error) {
    output->streams = may_stream;
    output->copies = !may_stream;
    output->file = !may_stream ? tmpfile() : output->path ? fopen(output->path, "wbe") : stdout;
    return output->file || system_fail(output, error);
}

bool output_open(struct output *output, const char *path, bool may_stream,
                 struct trace_error *error) {
    struct stat status;
    memset(output, 0, sizeof *output);
    bool standard = strcmp(path, "-") == 0;
    if (!standard && !(output->path = real_target(path)))
        return trace_fail(error, "%s: out of memory", path);
    bool exists = !standard && stat(output->path, &status) == 0;
    bool opened = false;
    if (exists && S_ISDIR(status.st_mode))
        trace_fail(error, "%s: is a directory", path);
    else if (standard || (exists && !S_ISREG(status.st_mode)))
        opened = open_direct(output, may_stream, error);
    else
        opened = open_replaceable(output, error);
    if (!opened)
        output_abort(output);
    return opened;
}

static bool copy_spool(struct output *output, struct trace_error *error) {
    FILE *target = output->path ? fopen(output->path, "wbe") : stdout;
    char buffer[1 << 16];
    size_t got;
    if (!target)
        return system_fail(output, error);
    rewind(output->file);
    bool good = true;
    while (good && (got = fread(buffer, 1, sizeof buffer, output->file)))
        good = fwrite(buffer, 1, got, target) == got;
    good = good && !ferror(output->file) && fflush(target) == 0;
    if (!good)
        system_fail(output, error);
    if (target != stdout && fclose(target) != 0 && good)
        good = system_fail(output, error);
    return good;
}

/* Gives a nameless file a temporary name. */
static bool name_file(struct output *output) {
    if (output->temporary)
        return true;
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fileno(output->file));
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        char *name = NULL;
        if (asprintf(&name, "%s.%ld.%u.tmp", output->path, (long)getpid(), attempt) < 0)
            return false;
        if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
            output->temporary = name;
            return true;
        }
        free(name);
        if (errno != EEXIST)
            return false;
    }
    return false;
}

bool output_commit(struct output *output, struct trace_error *error) {
    bool good = fflush(output->file) == 0 && !ferror(output->file);
    if (!good)
        system_fail(output, error);
    else if (output->copies)
        good = copy_spool(output, error);
    else if (!output->streams && !(good = name_file(output)))
        system_fail(output, error);
    if (good && output->temporary) {
        if (rename(output->temporary, output->path) != 0)
            good = system_fail(output, error);
        else
            output->temporary[0] = '\0';
    }
    output_abort(output);
    return good;
}

void output_abort(struct output *output) {
    if (output->temporary && output->temporary[0])
        unlink(output->temporary);
    if (output->file && output->file != stdout)
        fclose(output->file);
    free(output->temporary);
    free(output->path);
    memset(output, 0, sizeof *output);
}
