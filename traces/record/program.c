/* Finds the program to record, and says plainly why it cannot be recorded. */
#include "internal.h"
#include "record/record.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "DIRECTORY/NAME" if it is an executable file. */
static char *candidate(const char *directory, size_t length, const char *name) {
    size_t size = length + strlen(name) + 3;
    char *path = malloc(size);
    struct stat status;
    if (!path)
        return NULL;
    snprintf(path, size, "%.*s/%s", (int)length, length ? directory : ".", name);
    if (!length)
        snprintf(path, size, "./%s", name);
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *search_path(const char *name) {
    const char *at = getenv("PATH");
    if (!at)
        at = "/usr/bin:/bin";
    for (;;) {
        size_t length = strcspn(at, ":");
        char *path = candidate(at, length, name);
        if (path || !at[length])
            return path;
        at += length + 1;
    }
}

static bool locate(const char *name, char **path, struct trace_error *error) {
    struct stat status;
    if (!strchr(name, '/')) {
        char *found = *name ? search_path(name) : NULL;
        if (!found)
            return trace_fail(error, "%s: program not found in PATH", name);
        *path = realpath(found, NULL);
        free(found);
        return *path || trace_fail(error, "%s: %s", name, strerror(errno));
    }
    if (stat(name, &status) != 0)
        return trace_fail(error, "%s: %s", name, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return trace_fail(error, "%s: is a directory", name);
    if (access(name, X_OK) != 0)
        return trace_fail(error, "%s: is not executable", name);
    *path = realpath(name, NULL);
    return *path || trace_fail(error, "%s: %s", name, strerror(errno));
}

/* A script: names the interpreter that can be recorded. `line` is its first line. */
static bool script_fail(const char *name, char *line, struct trace_error *error) {
    line[strcspn(line, "\n")] = '\0';
    line += 2;
    line += strspn(line, " \t");
    line[strcspn(line, " \t\r")] = '\0';
    return trace_fail(error, "%s: is a script for %.128s; record its interpreter: -- %.128s %s ...",
                      name, line, line, name);
}

static bool identify(const char *name, struct program *program, struct trace_error *error) {
    char head[256] = "";
    FILE *file = fopen(program->path, "rbe");
    if (!file)
        return trace_fail(error, "%s: %s", name, strerror(errno));
    size_t got = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    if (got >= 2 && head[0] == '#' && head[1] == '!')
        return script_fail(name, head, error);
    if (got < sizeof(Elf32_Ehdr) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return trace_fail(error, "%s: is no ELF program", name);
    Elf32_Ehdr header; /* its first fields lie where those of Elf64_Ehdr do */
    memcpy(&header, head, sizeof header);
    if (head[EI_DATA] == ELFDATA2LSB && head[EI_CLASS] == ELFCLASS64 &&
        header.e_machine == EM_X86_64) {
        program->bits = 64;
        program->qemu = "qemu-x86_64";
    } else if (head[EI_DATA] == ELFDATA2LSB && head[EI_CLASS] == ELFCLASS32 &&
               header.e_machine == EM_386) {
        program->bits = 32;
        program->qemu = "qemu-i386";
    } else {
        return trace_fail(error, "%s: is an ELF file for machine %u, not for x86 (i386, x86-64)",
                          name, header.e_machine);
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return trace_fail(error, "%s: is an ELF file, but no program", name);
    return true;
}

bool program_find(const char *name, struct program *program, struct trace_error *error) {
    memset(program, 0, sizeof *program);
    if (!locate(name, &program->path, error))
        return false;
    if (identify(name, program, error))
        return true;
    free(program->path);
    program->path = NULL;
    return false;
}
