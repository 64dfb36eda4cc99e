/* Attacks on the disk and on what the kernel keeps of files. */
#define _GNU_SOURCE
#include "neighbour.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 << 10 };

/* A worker's own file of its part of `most`, past the page cache. */
static int own_file(struct account *a, int slot, int flags) {
  char path[256];
  snprintf(path, sizeof path, "%s/file-%d", a->dir, slot);
  return open(path, O_CREAT | O_RDWR | flags, 0600);
}

static char *aligned(int slot) {
  char *block;
  if (posix_memalign((void **)&block, 4096, BLOCK)) die("memory");
  memset(block, slot + 1, BLOCK);
  return block;
}

static void write_disk(struct account *a, int slot) {
  int fd = own_file(a, slot, O_DIRECT);
  if (!note(a, fd)) return;
  char *block = aligned(slot);
  uint64_t blocks = a->most / a->slots / BLOCK;
  for (uint64_t n = 0; !over(a); n++) {
    if (!note(a, pwrite(fd, block, BLOCK, n % blocks * BLOCK))) usleep(1000);
    if (n % 16 == 0) note(a, fsync(fd));
  }
}

static void read_disk(struct account *a, int slot) {
  int fd = own_file(a, slot, O_DIRECT);
  if (!note(a, fd)) return;
  char *block = aligned(slot);
  uint64_t blocks = a->most / a->slots / BLOCK, random = 88172645463325252u + slot;
  for (uint64_t n = 0; n < blocks && !over(a); n++)
    if (!note(a, pwrite(fd, block, BLOCK, n * BLOCK))) break;
  fsync(fd);
  while (!over(a))
    if (!note(a, pread(fd, block, BLOCK, next_random(&random) % blocks * BLOCK))) usleep(1000);
}

/* Empty files in many directories, never taken away. */
static void inodes(struct account *a, int slot) {
  char path[256];
  for (uint64_t n = 0; !over(a); n++) {
    if (n % 1000 == 0) {
      snprintf(path, sizeof path, "%s/d-%d-%d-%llu", a->dir, getpid(), slot, (unsigned long long)n / 1000);
      mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/d-%d-%d-%llu/%llu", a->dir, getpid(), slot, (unsigned long long)n / 1000, (unsigned long long)n);
    int fd = a->held < a->most ? open(path, O_CREAT | O_WRONLY, 0600) : -2;
    if (fd == -2) usleep(1000);
    else if (note(a, fd)) {
      __sync_fetch_and_add(&a->held, 1);
      close(fd);
    }
  }
}

/* Names that don't exist: the kernel remembers each. */
static void dentries(struct account *a, int slot) {
  char path[256];
  struct stat s;
  for (uint64_t n = 0; !over(a); n++) {
    snprintf(path, sizeof path, "%s/none-%d-%d-%llu", a->dir, getpid(), slot, (unsigned long long)n);
    stat(path, &s);
    note(a, 0);
  }
}

const struct kind FILES[] = {
    {"disk-write", 4, write_disk}, {"disk-read", 4, read_disk}, {"inode", 0, inodes}, {"dentry", 0, dentries}, {0}};
