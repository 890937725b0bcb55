/*
 * measure OUT COMMAND...: runs the command and writes what it took to OUT as JSON. A process of its
 * own, because a child's peak memory begins with that of who started it.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage used;
    int status = 0;
    if (argc < 3) {
        fputs("usage: measure OUT COMMAND...\n", stderr);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    FILE *out = fopen(argv[1], "w");
    if (out == NULL) {
        return 1;
    }
    fprintf(out, "{\"status\": %d, \"seconds\": %.6f, \"cpu\": %.6f, \"rss\": %ld}\n",
            WIFEXITED(status) ? WEXITSTATUS(status) : 255,
            (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
            (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
            used.ru_maxrss);
    return fclose(out) == 0 ? 0 : 1;
}
