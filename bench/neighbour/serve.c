/*
 * The well-behaved container: each request needs the CPU, memory and a cached file, and some need a process, a terminal, a new
 * file and the disk, so whatever a neighbour takes away shows here. A piece that the kernel refuses is named in the answer.
 */
#define _GNU_SOURCE
#include "neighbour.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 8, FILE_SIZE = 32 << 20, BUFFER = 4 << 20, CHUNK = 256 << 10, SCRATCH = 256 << 10 };
/* Of so many requests one needs a process, a terminal and a new file; and of so many one waits for the disk. */
enum { SOME = 8, SYNC = 16 };

struct shop {
  const char *dir;
  int listener, data, journal;
  unsigned char *buffer;
  uint64_t random, served;
  char scratch[256];
};

static const char *compute(struct shop *s) {
  const unsigned char *p = s->buffer + next_random(&s->random) % (BUFFER - CHUNK);
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (int i = 0; i < CHUNK; i++) hash = (hash ^ p[i]) * 1099511628211u;
  s->buffer[hash % BUFFER]++;
  return 0;
}

static const char *remember(void) {
  char *p = mmap(0, SCRATCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return "memory";
  for (int i = 0; i < SCRATCH; i += 4096) p[i] = 1;
  munmap(p, SCRATCH);
  return 0;
}

static const char *look_up(struct shop *s) {
  char page[4096];
  off_t at = next_random(&s->random) % (FILE_SIZE / 4096) * 4096;
  return pread(s->data, page, sizeof page, at) == sizeof page ? 0 : "read";
}

static const char *record(struct shop *s) {
  char line[128];
  memset(line, 'x', sizeof line);
  if (lseek(s->journal, 0, SEEK_CUR) > FILE_SIZE) lseek(s->journal, 0, SEEK_SET);
  if (write(s->journal, line, sizeof line) != sizeof line) return "write";
  if (s->served % SYNC == 1 && fdatasync(s->journal) < 0) return "sync";
  return 0;
}

static const char *new_file(struct shop *s) {
  int fd = open(s->scratch, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return "new file";
  char page[4096] = {0};
  int wrote = write(fd, page, sizeof page) == sizeof page;
  close(fd);
  unlink(s->scratch);
  return wrote ? 0 : "new file";
}

static const char *new_terminal(void) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY);
  if (fd < 0) return "terminal";
  close(fd);
  return 0;
}

static const char *new_process(void) {
  pid_t pid = vfork();
  if (pid < 0) return "process";
  if (pid == 0) _exit(0);
  return waitpid(pid, 0, 0) == pid ? 0 : "process";
}

static const char *work(struct shop *s) {
  const char *missing = compute(s);
  s->served++;
  if (!missing) missing = remember();
  if (!missing) missing = look_up(s);
  if (!missing) missing = record(s);
  if (missing || s->served % SOME) return missing;
  if (!(missing = new_file(s)) && !(missing = new_terminal())) missing = new_process();
  return missing;
}

static void answer(struct shop *s, int connection) {
  char text[256];
  if (read(connection, text, sizeof text) > 0) {
    const char *missing = work(s);
    int size = missing ? snprintf(text, sizeof text, "HTTP/1.0 503 %s\r\n\r\n", missing)
                       : snprintf(text, sizeof text, "HTTP/1.0 200 OK\r\n\r\ndone\n");
    if (write(connection, text, size) != size) perror("answer");
  }
  close(connection);
}

static void tend(struct shop s, int slot) {
  char path[256];
  s.random = 88172645463325252u + slot;
  s.served = slot;
  snprintf(s.scratch, sizeof s.scratch, "%s/new-%d", s.dir, slot);
  snprintf(path, sizeof path, "%s/journal-%d", s.dir, slot);
  s.journal = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  s.buffer = mmap(0, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s.journal < 0 || s.buffer == MAP_FAILED) die("worker");
  memset(s.buffer, slot, BUFFER);
  for (;;) {
    int connection = accept4(s.listener, 0, 0, SOCK_CLOEXEC);
    if (connection >= 0) answer(&s, connection);
    else usleep(1000); /* no descriptor to be had: the client waits meanwhile */
  }
}

int serve(int port, const char *dir) {
  struct shop s = {.dir = dir};
  char path[256];
  snprintf(path, sizeof path, "%s/data", dir);
  s.data = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (s.data < 0) die(path);
  char *block = calloc(1, 1 << 20);
  for (int i = 0; i < FILE_SIZE >> 20; i++)
    if (write(s.data, block, 1 << 20) != 1 << 20) die(path);
  fsync(s.data);
  s.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(s.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (bind(s.listener, (void *)&at, sizeof at) < 0 || listen(s.listener, 512) < 0) die("listen");
  signal(SIGPIPE, SIG_IGN);
  /* Its own session and no inherited output: whoever started it is free to leave. */
  if (fork()) return 0;
  setsid();
  for (int fd = 0; fd < 3; fd++) dup2(open("/dev/null", O_RDWR), fd);
  for (int slot = 0; slot < WORKERS; slot++)
    if (fork() == 0) tend(s, slot);
  for (;;) pause();
}
