/* Attacks on memory: anonymous, locked, dirty pages of files, files of a tmpfs. `most` bounds each, in bytes. */
#define _GNU_SOURCE
#include "neighbour.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP = 16 << 20 };

/* Takes step after step; when there is no more, goes over what it has again, so that none of it is idle. */
static void grab(struct account *a, int locked) {
  static char *steps[8192];
  int n = 0;
  uint64_t mine = a->most / a->slots;
  while (!over(a)) {
    if ((uint64_t)(n + 1) * STEP <= mine && n < 8192) {
      char *p = mmap(0, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (p != MAP_FAILED) {
        if (!locked) {
          for (int i = 0; i < STEP && !over(a); i += 4096) p[i] = 1;
          note(a, 0);
        } else if (!note(a, mlock(p, STEP))) {
          munmap(p, STEP);
          return;
        }
        __sync_fetch_and_add(&a->held, STEP);
        steps[n++] = p;
        continue;
      }
      note(a, -1);
    }
    for (int s = 0; s < n && !over(a); s++)
      for (int i = 0; i < STEP; i += 4096) steps[s][i]++;
  }
}

static void hog(struct account *a, int slot) {
  (void)slot;
  grab(a, 0);
}

/* The limit on locked memory is each process's own, so it comes with many: each locks what it may and stays. */
static void lock(struct account *a, int slot) {
  enum { PIECE = 64 << 10, PROCESSES = 4096 };
  if (slot == 0) grab(a, 1);
  for (int made = 0; !over(a); made++) {
    pid_t pid = a->held < a->most && made < PROCESSES ? fork() : 1;
    if (pid == 0) {
      for (int n = 0; n < 4096 && a->held < a->most; n++) {
        char *p = mmap(0, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || !note(a, mlock(p, PIECE))) break;
        __sync_fetch_and_add(&a->held, PIECE);
      }
      while (!over(a)) usleep(50000);
      _exit(0);
    }
    if (pid < 0) {
      note(a, -1);
      usleep(10000);
    }
    usleep(1000);
  }
}

/* Goes over a mapped file again and again: every page is dirty as soon as it was written back. */
static void dirty(struct account *a, int slot) {
  char path[256];
  uint64_t size = a->most / a->slots, random = 88172645463325252u + slot;
  snprintf(path, sizeof path, "%s/dirty-%d", a->dir, slot);
  int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
  if (!note(a, fd) || !note(a, ftruncate(fd, size))) return;
  char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) return;
  while (!over(a))
    for (int i = 0; i < 1024; i++) p[next_random(&random) % size]++;
}

/* A tmpfs of its own where the container may mount one, else the one it was given. */
static void fill(struct account *a, int slot) {
  char path[256];
  static char block[1 << 20];
  snprintf(path, sizeof path, "%s/tmpfs-%d", a->dir, slot);
  mkdir(path, 0700);
  if (note(a, mount("tmpfs", path, "tmpfs", 0, "size=100%"))) snprintf(path, sizeof path, "%s/tmpfs-%d/fill", a->dir, slot);
  else snprintf(path, sizeof path, "/dev/shm/fill-%d", slot);
  int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (!note(a, fd)) return;
  memset(block, slot + 1, sizeof block);
  while (!over(a)) {
    if (a->held < a->most && note(a, write(fd, block, sizeof block) == sizeof block ? 0 : -1))
      __sync_fetch_and_add(&a->held, sizeof block);
    else usleep(1000);
  }
  unlink(path);
}

const struct kind MEMORY[] = {
    {"memory", 0, hog}, {"mlock", 2, lock}, {"dirty", 2, dirty}, {"tmpfs", 2, fill}, {0}};
