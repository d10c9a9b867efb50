/* Starts QEMU with the plugin, reads the plugin's stream and writes the trace. */
#define _GNU_SOURCE /* pipe2, asprintf, F_SETPIPE_SZ */
#include "record/record.h"
#include "internal.h"
#include "record/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { WORDS = 1 << 17, PIPE_BYTES = 1 << 20 };

struct recording {
    const struct record_options *options;
    struct program program;
    const char *name; /* as the user typed it */
    pid_t child;
    int fd; /* the plugin's stream */
    struct trace_writer *writer;
    bool hello, ended, exec;
    uint64_t word[WORDS];
};

/* The command line as a shell would take it, as far as it fits. */
static void describe(char *to, size_t room, char *const argv[]) {
    size_t used = 0;
    to[0] = '\0';
    for (int i = 0; argv[i]; i++) {
        bool plain = *argv[i] && strspn(argv[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                                 "tuvwxyz0123456789_@%+=:,./-") == strlen(argv[i]);
        int more =
            snprintf(to + used, room - used, plain ? "%s%s" : "%s'%s'", i ? " " : "", argv[i]);
        if (more < 0 || (size_t)more >= room - used) {
            strcpy(to + room - 4, "...");
            return;
        }
        used += (size_t)more;
    }
}

static bool put_repeat(struct recording *recording, enum port port, uint32_t count,
                       struct trace_error *error) {
    if (!count)
        return true;
    struct trace_record record = {.kind = TRACE_REPEAT, .port = (uint8_t)port, .count = count};
    return trace_write(recording->writer, &record, error);
}

static bool put_access(struct recording *recording, uint64_t word, struct trace_error *error) {
    struct trace_record record = {.kind = TRACE_ACCESS, .access = word & STREAM_KIND};
    int64_t address = (int64_t)word;
    uint64_t mask = recording->program.bits == 32 ? UINT32_MAX : UINT64_MAX;
    if (recording->options->exact) {
        record.va = (uint64_t)(address >> STREAM_VA_SHIFT) & mask;
        record.bytes = (uint16_t)(word >> STREAM_SIZE_SHIFT & STREAM_SIZE_MASK);
        return trace_write(recording->writer, &record, error);
    }
    record.va = (uint64_t)(address >> STREAM_PAGE_SHIFT) << PAGE_SHIFT & mask;
    record.continued = word & STREAM_CONTINUED;
    return put_repeat(recording, trace_port(&record),
                      word >> STREAM_REPEAT_SHIFT & STREAM_REPEAT_MASK, error) &&
           trace_write(recording->writer, &record, error);
}

static bool take_word(struct recording *recording, uint64_t word, struct trace_error *error) {
    unsigned kind = word & STREAM_KIND;
    if (kind <= ACCESS_EXECUTE) {
        recording->exec = false;
        return put_access(recording, word, error);
    }
    if (word == STREAM_HELLO && !recording->hello)
        return recording->hello = true;
    switch (kind) {
    case STREAM_REPEAT_I:
    case STREAM_REPEAT_D:
        return put_repeat(recording, kind == STREAM_REPEAT_I ? PORT_I : PORT_D,
                          word >> STREAM_REPEAT_SHIFT & STREAM_REPEAT_MASK, error);
    case STREAM_END:
        recording->ended = true;
        return true;
    case STREAM_EXEC:
        recording->exec = true;
        return true;
    default:
        return trace_fail(error, "%s: the recording plugin sent nonsense", recording->name);
    }
}

static bool read_stream(struct recording *recording, struct trace_error *error) {
    size_t have = 0; /* bytes */
    while (!recording->ended) {
        ssize_t got =
            read(recording->fd, (char *)recording->word + have, sizeof recording->word - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return trace_fail(error, "%s: %s", recording->name, strerror(errno));
        if (!got)
            break;
        have += (size_t)got;
        size_t words = have / sizeof *recording->word;
        for (size_t i = 0; i < words; i++)
            if (!take_word(recording, recording->word[i], error))
                return false;
        have -= words * sizeof *recording->word;
        memmove(recording->word, recording->word + words, have);
        const struct trace_info *info = trace_writer_info(recording->writer);
        if (recording->options->progress)
            recording->options->progress(info->references[PORT_I] + info->references[PORT_D]);
    }
    return true;
}

/* The plugin lies beside our program, or where an installation has libraries. The caller's to free.
 */
static char *find_plugin(const struct record_options *options) {
    static const char *const places[] = {"", "/../lib/twinwalk", "/../lib", "/traces"};
    const char *given = options->plugin ? options->plugin : getenv("TWINWALK_PLUGIN");
    if (given)
        return access(given, R_OK) == 0 ? realpath(given, NULL) : NULL;
    char *self = realpath("/proc/self/exe", NULL), *found = NULL;
    if (!self)
        return NULL;
    const char *directory = dirname(self);
    for (size_t i = 0; !found && i < sizeof places / sizeof *places; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s%s/twinwalk-plugin.so", directory, places[i]) < 0)
            break;
        found = realpath(path, NULL);
        free(path);
    }
    free(self);
    return found;
}

/* -plugin's argument; commas in the path are doubled. The caller's to free. */
static char *plugin_argument(const struct record_options *options, const char *plugin, int fd) {
    char *escaped = malloc(2 * strlen(plugin) + 1), *argument = NULL, *to = escaped;
    if (!escaped)
        return NULL;
    for (const char *at = plugin; *at; at++) {
        *to++ = *at;
        if (*at == ',')
            *to++ = ',';
    }
    *to = '\0';
    if (asprintf(&argument, "file=%s,fd=%d,form=%s,skip=%llu,limit=%llu", escaped, fd,
                 options->exact ? "exact" : "pages", (unsigned long long)options->skip,
                 (unsigned long long)options->limit) < 0)
        argument = NULL;
    free(escaped);
    return argument;
}

/* Without address randomization, so that recordings can be repeated. */
static int spawn(struct recording *recording, char *const command[], int close_fd) {
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    posix_spawn_file_actions_addclose(&actions, close_fd);
    int before = personality(0xffffffff);
    if (before >= 0)
        personality((unsigned)before | ADDR_NO_RANDOMIZE);
    failed = posix_spawnp(&recording->child, command[0], &actions, NULL, command, environ);
    if (before >= 0)
        personality((unsigned)before);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static bool start(struct recording *recording, char *const argv[], struct trace_error *error) {
    int ends[2], argc = 0;
    while (argv[argc])
        argc++;
    char *plugin = find_plugin(recording->options);
    if (!plugin)
        return trace_fail(error, "twinwalk-plugin.so is not beside this program; set "
                                 "TWINWALK_PLUGIN to its path");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        free(plugin);
        return trace_fail(error, "pipe: %s", strerror(errno));
    }
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
    fcntl(ends[1], F_SETFD, 0);
    char *argument = plugin_argument(recording->options, plugin, ends[1]);
    char **command = calloc((size_t)argc + 8, sizeof *command);
    int failed = ENOMEM;
    if (argument && command) {
        char *head[] = {
            (char *)recording->program.qemu, "-seed", "1", "-0", argv[0], "-plugin", argument,
            recording->program.path};
        memcpy(command, head, sizeof head);
        memcpy(command + sizeof head / sizeof *head, argv + 1, (size_t)argc * sizeof *argv);
        failed = spawn(recording, command, ends[0]);
    }
    free(command);
    free(argument);
    free(plugin);
    close(ends[1]);
    recording->fd = ends[0];
    if (failed == ENOENT)
        return trace_fail(error, "%s: not found; Debian's package qemu-user has it",
                          recording->program.qemu);
    return !failed || trace_fail(error, "%s: %s", recording->program.qemu, strerror(failed));
}

/* What the program's end says about the recording. */
static bool judge(struct recording *recording, int status, struct trace_error *error) {
    const char *name = recording->name;
    if (!recording->hello)
        return trace_fail(error, "%s: %s could not load the recording plugin or the program", name,
                          recording->program.qemu);
    if (WIFSIGNALED(status))
        return trace_fail(error, "%s: ended by signal %d (%s)", name, WTERMSIG(status),
                          strsignal(WTERMSIG(status)));
    if (!recording->ended && recording->exec)
        return trace_fail(
            error, "%s: replaced itself with another program (execve); record that one", name);
    if (!recording->ended)
        return trace_fail(error, "%s: the recording ended before the program did", name);
    if (WEXITSTATUS(status) && !recording->options->allow_failure)
        return trace_fail(error, "%s: exit status %d (--allow-failure keeps the trace)", name,
                          WEXITSTATUS(status));
    if (!trace_writer_info(recording->writer)->records)
        return trace_fail(error, "%s: ended within the %llu references to skip", name,
                          (unsigned long long)recording->options->skip);
    return true;
}

/* Runs the program to its end; the writer has the records then. */
static bool run(struct recording *recording, char *const argv[], struct trace_error *error) {
    if (!start(recording, argv, error))
        return false;
    bool good = read_stream(recording, error);
    close(recording->fd);
    if (!good)
        kill(recording->child, SIGKILL);
    int status = 0;
    while (waitpid(recording->child, &status, 0) < 0 && errno == EINTR)
        ;
    return good && judge(recording, status, error);
}

static bool write_trace(struct recording *recording, char *const argv[], struct trace_info *totals,
                        struct trace_error *error) {
    const struct record_options *options = recording->options;
    struct trace_info info = {.pages = !options->exact, .va_bits = recording->program.bits};
    describe(info.program, sizeof info.program, argv);
    snprintf(info.recorder, sizeof info.recorder, "twinwalk record, %s", recording->program.qemu);
    if (options->note)
        snprintf(info.note, sizeof info.note, "%s", options->note);
    recording->writer = trace_create(options->output, options->form, &info, error);
    if (!recording->writer)
        return false;
    if (options->level)
        trace_writer_level(recording->writer, options->level);
    if (!run(recording, argv, error)) {
        trace_writer_abort(recording->writer);
        return false;
    }
    *totals = *trace_writer_info(recording->writer);
    return trace_writer_close(recording->writer, error);
}

bool record_program(const struct record_options *options, char *const argv[],
                    struct trace_info *totals, struct trace_error *error) {
    struct recording *recording = calloc(1, sizeof *recording);
    if (!recording)
        return trace_fail(error, "out of memory");
    recording->options = options;
    recording->name = argv[0];
    bool good = program_find(argv[0], &recording->program, error) &&
                write_trace(recording, argv, totals, error);
    free(recording->program.path);
    free(recording);
    return good;
}
