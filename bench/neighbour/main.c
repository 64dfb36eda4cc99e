/*
 * A container's neighbours, for the comparison of isolation: a server that does a bit of everything per request, the
 * clients that ask it, and one attack for each thing a container could take from others. Static, so that it runs in any tree.
 *
 *   neighbour serve PORT DIR                                 answers requests from then on; returns when it listens
 *   neighbour load ADDRESS PORT CLIENTS PAUSE_US SECONDS     prints what the clients saw as one line of JSON
 *   neighbour attack KIND SECONDS MOST DIR                   prints what it got and what was refused as one line of JSON
 */
#include "neighbour.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

uint64_t next_random(uint64_t *s) { /* xorshift64 (Marsaglia 2003) */
  *s ^= *s << 13;
  *s ^= *s >> 7;
  *s ^= *s << 17;
  return *s;
}

void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc == 4 && !strcmp(argv[1], "serve")) return serve(atoi(argv[2]), argv[3]);
  if (argc == 7 && !strcmp(argv[1], "load"))
    return load(argv[2], atoi(argv[3]), atoi(argv[4]), atoll(argv[5]), atoi(argv[6]));
  if (argc == 6 && !strcmp(argv[1], "attack"))
    return attack(argv[2], atoi(argv[3]), strtoull(argv[4], 0, 10), argv[5]);
  fprintf(stderr, "usage: %s serve|load|attack ...\n", argv[0]);
  return 2;
}
