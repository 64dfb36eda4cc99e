/* Runs one attack: its workers until the time is over, then ends them all and tells what they got. */
#define _GNU_SOURCE
#include "neighbour.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int over(const struct account *a) { return now_us() >= a->until; }

int note(struct account *a, int64_t result) {
  if (result >= 0) __sync_fetch_and_add(&a->got, 1);
  else {
    a->why = errno;
    __sync_fetch_and_add(&a->refused, 1);
  }
  return result >= 0;
}

static const struct kind *find(const char *name) {
  const struct kind *tables[] = {COMPUTING, MEMORY, FILES, OBJECTS};
  for (int t = 0; t < 4; t++)
    for (const struct kind *k = tables[t]; k->name; k++)
      if (!strcmp(k->name, name)) return k;
  return 0;
}

int attack(const char *name, int seconds, uint64_t most, const char *dir) {
  const struct kind *kind = find(name);
  if (!kind) {
    fprintf(stderr, "there is no attack \"%s\"\n", name);
    return 2;
  }
  struct account *a = mmap(0, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (a == MAP_FAILED) die("account");
  a->until = now_us() + seconds * 1000000LL;
  a->most = most;
  a->dir = dir;
  a->slots = kind->slots ? kind->slots : 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
  /* All workers and their children form one group, ended by its id. Each also ends by itself: a bomb's own children may be
     too many for one signal to find in time. */
  int killed = 0;
  pid_t group = 0;
  for (int slot = 0; slot < a->slots || !over(a);) {
    if (slot < a->slots) {
      pid_t pid = fork();
      if (pid == 0) {
        setpgid(0, group);
        kind->work(a, slot);
        _exit(0);
      }
      if (pid > 0) {
        if (!group) group = pid;
        setpgid(pid, group);
        slot++;
        continue;
      }
    }
    /* A worker that the kernel killed comes back, as a service would. */
    int status;
    pid_t ended = waitpid(-1, &status, WNOHANG);
    if (ended > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !over(a)) {
      killed++;
      pid_t pid = fork();
      if (pid == 0) {
        setpgid(0, group);
        kind->work(a, killed % a->slots);
        _exit(0);
      }
    } else if (ended <= 0) usleep(20000);
  }
  if (group) kill(-group, SIGKILL);
  printf("{\"got\":%llu,\"refused\":%llu,\"held\":%llu,\"killed\":%d,\"why\":\"%s\"}\n", (unsigned long long)a->got,
         (unsigned long long)a->refused, (unsigned long long)a->held, killed, a->why ? strerrorname_np(a->why) : "");
  return 0;
}
