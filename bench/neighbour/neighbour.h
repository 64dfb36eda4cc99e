/* What the parts of the program share. */
#ifndef NEIGHBOUR_H
#define NEIGHBOUR_H
#include <stdint.h>

/* Microseconds of a clock that only goes forward. */
int64_t now_us(void);
/* A fast stream of numbers; the state must not be 0. */
uint64_t next_random(uint64_t *state);
/* Prints why and exits with 1. */
void die(const char *what) __attribute__((noreturn));

int serve(int port, const char *dir);
int load(const char *address, int port, int clients, int64_t pause_us, int seconds);
int attack(const char *kind, int seconds, uint64_t most, const char *dir);

/* An attack's shared account: what it got, what the kernel refused, and the last reason. */
struct account {
  volatile uint64_t got, refused, held;
  volatile int why;
  int64_t until;
  uint64_t most;
  int slots;
  const char *dir;
};
int over(const struct account *a);
/* Notes one attempt; answers whether it succeeded (0 or more). */
int note(struct account *a, int64_t result);

typedef void (*worker)(struct account *a, int slot);
struct kind {
  const char *name;
  /* Processes at work; 0 is two for each CPU. */
  int slots;
  worker work;
};
extern const struct kind COMPUTING[], MEMORY[], FILES[], OBJECTS[];
#endif
