/** Lines as kernels write them, and lines that a guest would like to be taken for the kernel's. */
import { describe, expect, test } from "bun:test";
import { parseNews, parseRecord } from "../../src/host/kmsg/text.ts";

const KILLED =
  "Memory cgroup out of memory: Killed process 23463 (dd) total-vm:133628kB, anon-rss:32512kB, file-rss:1352kB, shmem-rss:0kB, UID:1000000 pgtables:116kB oom_score_adj:0";
const CAUSE =
  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=guest,mems_allowed=0,oom_memcg=/warren/web,task_memcg=/warren/web/guest,task=dd,pid=23463,uid=1000000";

describe("a record", () => {
  test("has a number, a time and a text; continuation lines are dropped", () =>
    expect(parseRecord("6,12363,10178270144,-;hello; you\n SUBSYSTEM=net\n DEVICE=+x\n")).toEqual({
      seq: 12363,
      at: 10178270144,
      kernel: true,
      text: "hello; you",
    }));
  test("of a program is known as one, whatever it says", () => {
    expect(parseRecord(`12,7,1,-;${KILLED}\n`)?.kernel).toBe(false);
    expect(parseRecord(`3,7,1,-,caller=T1;${KILLED}\n`)?.kernel).toBe(true);
  });
  test.each(["", "x", "6,1;x", " DEVICE=+x"])("%p is none", (raw) => expect(parseRecord(raw)).toBeNull());
});

describe("a kill", () => {
  test("in a group (6.18)", () =>
    expect(parseNews(KILLED)).toEqual({
      what: "oom-kill",
      pid: 23463,
      process: "dd",
      uid: 1_000_000,
      memory: (32512 + 1352) * 1024,
      byGroup: true,
    }));
  test("for want of the host's memory", () =>
    expect(
      parseNews(
        "Out of memory: Killed process 4242 (stress-ng-vm) total-vm:9437184kB, anon-rss:7340032kB, file-rss:0kB, shmem-rss:128kB, UID:1065536 pgtables:14400kB oom_score_adj:1000",
      ),
    ).toMatchObject({ pid: 4242, process: "stress-ng-vm", uid: 1_065_536, byGroup: false }));
  test("of a process with a name made to deceive", () => {
    const name = "x) total-vm:1kB";
    expect(parseNews(KILLED.replace("(dd)", `(${name})`))).toMatchObject({ process: name, uid: 1_000_000 });
    expect(parseNews(KILLED.replace("(dd)", "(a\\x0ab\\x5c)"))).toMatchObject({ process: "a\nb\\" });
  });
});

describe("its cause", () => {
  test("is the group whose limit it was (6.18)", () =>
    expect(parseNews(CAUSE)).toEqual({ what: "oom-cause", pid: 23463, group: "/warren/web" }));
  test("is the host where no group is named", () =>
    expect(
      parseNews(
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice,task=stress,pid=88,uid=0",
      ),
    ).toEqual({ what: "oom-cause", pid: 88, group: null }));
  test("can't be moved to another container by names of groups and processes", () => {
    const text = CAUSE.replace("cpuset=guest", "cpuset=x,oom_memcg=y,task_memcg=z").replace(
      "task=dd",
      "task=a,pid=1,uid=0",
    );
    expect(parseNews(text)).toEqual({ what: "oom-cause", pid: 23463, group: "/warren/web" });
    const nested = CAUSE.replace(
      "oom_memcg=/warren/web",
      "oom_memcg=/warren/web/guest/a,task_memcg=/warren/b",
    );
    expect(parseNews(nested)).toMatchObject({ group: "/warren/web/guest/a" });
  });
});

test("a refused fork tells its group (6.18)", () =>
  expect(parseNews("cgroup: fork rejected by pids controller in /warren-oysmqg/evil/guest")).toEqual({
    what: "fork-refused",
    group: "/warren-oysmqg/evil/guest",
  }));

test.each([
  "eth0: renamed from vethqoxPxT",
  "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
  "memory: usage 32768kB, limit 32768kB, failcnt 0",
  `said: ${KILLED}`,
  `${KILLED} and more`,
])("%p tells nothing", (text) => expect(parseNews(text)).toBeNull());
