/* The program that the recorder's tests record; its argument says what it does. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void work(long n) {
    volatile long sum = 0;
    for (long i = 0; i < n; i++)
        sum += i;
}

static void *work_in_thread(void *argument) {
    work(100000);
    return argument;
}

static int run_threads(void) {
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread[i], NULL, work_in_thread, NULL) != 0)
            return 1;
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    return 0;
}

/* The child works much longer than the parent; none of that may be recorded. */
static int run_fork(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        work(2000000);
        _exit(3);
    }
    return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3 ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "threads") == 0)
        return run_threads();
    if (strcmp(what, "fork") == 0)
        return run_fork();
    if (strcmp(what, "loop") == 0)
        for (;;)
            ;
    if (strcmp(what, "signal") == 0)
        raise(SIGKILL);
    if (strcmp(what, "status") == 0)
        return 7;
    if (strcmp(what, "exec") == 0)
        execl("/bin/true", "true", (char *)NULL);
    if (strcmp(what, "close") == 0)
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
    if (strcmp(what, "print") == 0)
        puts("printed");
    return 0;
}
