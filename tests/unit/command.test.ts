/** Whom a command runs as, with what, and what LXC's tools said of it. */
import { expect, test } from "bun:test";
import { attachArguments, attachFailure } from "../../src/host/lxc/attach-text.ts";
import { resolveAccount } from "../../src/plan/account.ts";
import { attachCommand, environmentOf } from "../../src/plan/command.ts";

const PASSWD =
  "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:1000:1001::/srv/web:/bin/sh\nevil:x:4294967295:0::/:/bin/sh\n";
const GROUP = "root:x:0:\nadm:x:4:web,root\nweb:x:1001:\nwheel:x:10:web\n";
const who = (user?: string) => resolveAccount(user, PASSWD, GROUP);

test("a user is found by name or number, with its groups", () => {
  const web = { name: "web", uid: 1000, gid: 1001, home: "/srv/web", groups: [4, 10] };
  expect(who("web")).toEqual(web);
  expect(who("1000")).toEqual(web);
  expect(who("web:adm")).toEqual({ ...web, gid: 4, groups: [] });
  expect(who("1000:7")).toEqual({ ...web, gid: 7, groups: [] });
  expect(who()).toMatchObject({ name: "root", uid: 0, gid: 0, home: "/root" });
  expect(who("5000")).toEqual({ name: "5000", uid: 5000, gid: 5000, home: "/", groups: [] });
  expect(resolveAccount("0", null, null)).toMatchObject({ uid: 0, home: "/root" });
});

test.each(["nobody", "evil", "65536", "-1", "web:nope", "web:99999", "", "1e3"])(
  "the user %p is refused",
  (user) => {
    expect(() => who(user)).toThrow(/there is no (user|group)/);
  },
);

const around = { account: who("web"), env: { A: "1" }, terminal: false, cwd: undefined, setpriv: true };

test("the environment is clean, and the caller's own wins", () => {
  expect(environmentOf({ ...around, env: { HOME: "/x", A: "1" } })).toEqual({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/x",
    USER: "web",
    LANG: "C.UTF-8",
    container: "lxc",
    A: "1",
  });
  expect(environmentOf({ ...around, terminal: true }).TERM).toBe("xterm-256color");
});

test("directory, ids and groups are brought to the command as arguments, never as text", () => {
  const nasty = ["echo", "$(x); y", "--"];
  expect(attachCommand(nasty, { ...around, account: who() })).toEqual({ command: nasty });
  expect(attachCommand(nasty, { ...around, setpriv: false })).toEqual({
    command: nasty,
    uid: 1000,
    gid: 1001,
  });
  const { command } = attachCommand(nasty, { ...around, cwd: "/a b" });
  expect(command.slice(0, 5)).toEqual([
    "/usr/bin/setpriv",
    "--reuid=1000",
    "--regid=1001",
    "--groups=4,10",
    "--",
  ]);
  expect(command.slice(-5)).toEqual(["sh", "/a b", ...nasty]);
  expect(attachCommand(["x"], { ...around, account: who(), cwd: "~" }).command.at(-2)).toBe("/root");
});

test("where Warren has a busybox in the guest nothing of the guest's own is needed", () => {
  const there = { ...around, busybox: "/b", cwd: "/a b" };
  expect(attachCommand(["x", "y"], { ...there, account: who(), cwd: "/" })).toEqual({ command: ["x", "y"] });
  const alone = attachCommand(["x", "y"], { ...there, account: who("5000") });
  expect(alone).toMatchObject({ uid: 5000, gid: 5000 });
  expect(alone.command.slice(0, 3)).toEqual(["/b", "sh", "-c"]);
  expect(alone.command.slice(-4)).toEqual(["sh", "/a b", "x", "y"]);
  const grouped = attachCommand(["x"], there);
  expect([grouped.uid, grouped.command.slice(0, 10).join(" ")]).toEqual([
    undefined,
    "/b start-stop-daemon -S -p /dev/.warren/none -c 1000:1001 -x /b --",
  ]);
  expect(grouped.command.slice(-3)).toEqual(["sh", "/a b", "x"]);
});

test("lxc-attach takes what comes behind -- as it is", () => {
  const request = { lxcPath: "/l", name: "web", env: { A: "b=c" }, command: ["-n", "x"] };
  const argv = attachArguments(request, "/log");
  expect(argv.join(" ")).toBe("-P /l -n web -o /log -l ERROR --clear-env -v A=b=c -- -n x");
  expect(attachArguments({ ...request, uid: 5, gid: 6 }, "/log").join(" ")).toContain("-u 5 -g 6 --");
});

const line = (from: string, said: string) =>
  `lxc-attach web 20260101000000.000 ERROR    attach - ../src/lxc/attach.c:${from}:1841 - ${said}\n`;

test("its log tells a command that was not run from one that failed", () => {
  expect(attachFailure("", 127)).toBeNull();
  const missing = line("lxc_attach_run_command", 'No such file or directory - Failed to exec "x"');
  expect(attachFailure(missing, 127)).toEqual({
    why: "exec",
    code: 127,
    message: "no such file or directory",
  });
  const denied = line("lxc_attach_run_command", 'Permission denied - Failed to exec "x"');
  expect(attachFailure(denied, 255)).toMatchObject({ why: "exec", code: 126 });
  const gone = line("get_attach_context", "Connection refused - Failed to get init pid");
  expect(attachFailure(gone, 1)).toMatchObject({ why: "attach", code: 125 });
  expect(attachFailure(gone, 0)).toBeNull();
});
