/* Attacks on the CPUs: spinning, processes without end, system calls that disturb the other CPUs too. */
#define _GNU_SOURCE
#include "neighbour.h"
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void spin(struct account *a, int slot) {
  volatile uint64_t n = slot;
  while (!over(a))
    for (int i = 0; i < 1 << 20; i++) n += i;
}

/* Each process makes more until its time is over; at `most` a bomb that nobody else stops stops itself. */
static void bomb(struct account *a, int slot) {
  (void)slot;
  signal(SIGCHLD, SIG_IGN);
  while (!over(a)) {
    /* Its place is taken before it is made, or thousands would find the last one free. */
    if (__sync_fetch_and_add(&a->held, 1) >= a->most) {
      __sync_fetch_and_sub(&a->held, 1);
      usleep(1000);
      continue;
    }
    pid_t pid = fork();
    if (pid != 0 && !note(a, pid)) __sync_fetch_and_sub(&a->held, 1);
  }
}

/* Processes that end as soon as they began, never many at a time. */
static void churn(struct account *a, int slot) {
  (void)slot;
  while (!over(a)) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    note(a, pid);
    if (pid > 0) waitpid(pid, 0, 0);
  }
}

static void storm(struct account *a, int slot) {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
  while (!over(a)) {
    for (int i = 0; i < 256; i++) {
      syscall(SYS_getppid);
      sched_yield();
    }
    char *p = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p != MAP_FAILED) munmap(p, 1 << 16);
    note(a, syscall(SYS_membarrier, slot % 2 ? MEMBARRIER_CMD_GLOBAL_EXPEDITED : MEMBARRIER_CMD_GLOBAL, 0, 0));
  }
}

const struct kind COMPUTING[] = {{"cpu", 0, spin}, {"fork", 0, bomb}, {"churn", 2, churn}, {"syscall", 0, storm}, {0}};
