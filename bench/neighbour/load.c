/* The clients: each connects, asks, reads the answer, pauses, and begins again (a closed loop). */
#include "neighbour.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

/* Seconds after which a client gives a request up. */
enum { PATIENCE = 2, MOST = 400000, REASONS = 16 };

static struct sockaddr_in server;
static int64_t pause_time, until;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t *times;
static int count;
static struct { char what[24]; long n; } reasons[REASONS];

static void failed(const char *what) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < REASONS; i++)
    if (!reasons[i].n || !strcmp(reasons[i].what, what)) {
      snprintf(reasons[i].what, sizeof reasons[i].what, "%.23s", what);
      reasons[i].n++;
      break;
    }
  pthread_mutex_unlock(&lock);
}

/* One request; answers null or what went wrong, in `text` when the server said so. */
static const char *ask(char *text, size_t size) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return "socket";
  struct timeval patience = {.tv_sec = PATIENCE};
  struct linger at_once = {.l_onoff = 1};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  /* Leaves no waiting connection behind at either end. */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const char *wrong = 0;
  static const char get[] = "GET / HTTP/1.0\r\n\r\n";
  if (connect(fd, (void *)&server, sizeof server) < 0) wrong = "connect";
  else if (write(fd, get, sizeof get - 1) != sizeof get - 1) wrong = "send";
  else {
    ssize_t got, all = 0;
    while ((got = read(fd, text + all, size - 1 - all)) > 0) all += got;
    text[all] = 0;
    if (got < 0 || all < 12) wrong = "no answer";
    else if (strncmp(text + 9, "200", 3)) {
      text[strcspn(text, "\r")] = 0;
      wrong = text + 13;
    }
  }
  close(fd);
  return wrong;
}

static void *client(void *slot) {
  uint64_t random = 2463534242u + (uintptr_t)slot;
  char text[256];
  usleep(next_random(&random) % (pause_time + 1));
  while (now_us() < until) {
    int64_t began = now_us();
    const char *wrong = ask(text, sizeof text);
    int64_t took = now_us() - began;
    if (wrong) failed(wrong);
    else {
      pthread_mutex_lock(&lock);
      if (count < MOST) times[count++] = took;
      pthread_mutex_unlock(&lock);
    }
    /* From half to one and a half of the pause, so that clients don't march in step. */
    usleep(pause_time / 2 + next_random(&random) % (pause_time + 1));
  }
  return 0;
}

static int ascending(const void *a, const void *b) {
  return (*(uint32_t *)a > *(uint32_t *)b) - (*(uint32_t *)a < *(uint32_t *)b);
}

int load(const char *address, int port, int clients, int64_t pause_us, int seconds) {
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  if (inet_pton(AF_INET, address, &server.sin_addr) != 1) return 2;
  times = calloc(MOST, sizeof *times);
  /* Clients are other machines: what happens on this one must not slow them. */
  if (setpriority(PRIO_PROCESS, 0, -19) < 0) perror("priority");
  pause_time = pause_us;
  int64_t began = now_us();
  until = began + seconds * 1000000LL;
  pthread_t *threads = calloc(clients, sizeof *threads);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (int i = 0; i < clients; i++)
    if (pthread_create(&threads[i], &small, client, (void *)(uintptr_t)(i + 1))) die("thread");
  for (int i = 0; i < clients; i++) pthread_join(threads[i], 0);
  double took = (now_us() - began) / 1e6;
  qsort(times, count, sizeof *times, ascending);
#define PART(p) (count ? times[(int)((count - 1) * (p))] : 0)
  printf("{\"served\":%d,\"seconds\":%.3f,\"p50\":%u,\"p95\":%u,\"p99\":%u,\"max\":%u,\"failed\":{", count, took,
         PART(0.5), PART(0.95), PART(0.99), PART(1));
  for (int i = 0; i < REASONS && reasons[i].n; i++)
    printf("%s\"%s\":%ld", i ? "," : "", reasons[i].what, reasons[i].n);
  printf("}}\n");
  return 0;
}
