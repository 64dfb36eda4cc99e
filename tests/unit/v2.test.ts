import { expect, test } from "bun:test";
import { quote } from "../../scripts/v2/guest.mjs";
import {
  addFailure,
  addJunit,
  counted,
  emptyReport,
  renderResult,
  summary,
} from "../../scripts/v2/report.mjs";
import { asked } from "../../scripts/v2/suites.mjs";

/** What `bun test --reporter=junit` writes, cut to what differs between the outcomes. */
const JUNIT = `<testsuites name="bun test" tests="5">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testcase name="is &lt;well&gt; &quot;said&quot;" classname="" file="a.test.ts" />
    <testcase name="bad" classname="" file="a.test.ts">
      <failure type="AssertionError" message="x">text</failure>
    </testcase>
    <testsuite name="group [needs kvm: no /dev/kvm]" file="a.test.ts">
      <testcase name="inner" classname="group [needs kvm: no /dev/kvm]" file="a.test.ts">
        <skipped />
      </testcase>
    </testsuite>
  </testsuite>
  <testsuite name="b.test.ts" file="b.test.ts">
    <testcase name="fine" classname="" file="b.test.ts" />
  </testsuite>
</testsuites>`;

function reportOf(xml: string) {
  const report = emptyReport();
  return { report, ...addJunit(report, xml) };
}

test("a report is read with its groups, reasons and files", () => {
  const { report, failed } = reportOf(JUNIT);
  expect([report.passed, report.failed, failed]).toEqual([2, 1, 1]);
  expect(report.failures).toEqual([{ name: "bad", file: "a.test.ts", why: "text" }]);
  expect(report.skipped).toEqual([{ name: "group [needs kvm: no /dev/kvm] > inner", file: "a.test.ts" }]);
  expect([...report.files]).toEqual([
    ["a.test.ts", { passed: 1, failed: 1, skipped: 1 }],
    ["b.test.ts", { passed: 1, failed: 0, skipped: 0 }],
  ]);
});

test("a file that hung or left no report counts as failed", () => {
  const { report } = reportOf(JUNIT);
  expect(addJunit(report, "").failed).toBe(0);
  addFailure(report, "c.test.ts", "not done within 900 s");
  expect(summary(report)).toBe("2 passed, 2 failed, 1 skipped");
  expect(report.files.get("c.test.ts")).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a hook of a skipped group is no test", () => {
  const hook = '<testcase name="(unnamed)" classname="group" file="a.test.ts"><skipped /></testcase>';
  expect(reportOf(hook).report.skipped).toEqual([]);
});

test("the counts for a program name each skip with its file", () => {
  expect(JSON.parse(counted(reportOf(JUNIT).report, true))).toEqual({
    passed: 2,
    failed: ["modern host: a.test.ts: bad\ntext"],
    skipped: ["a.test.ts: group [needs kvm: no /dev/kvm] > inner"],
    done: true,
  });
});

test("the page of a run names what failed and why something was skipped", () => {
  const about = {
    system: "Debian",
    kernel: "6.12",
    systemd: "systemd 257",
    lxc: "6.0",
    commit: "abc",
    accel: "tcg",
  };
  const page = renderResult(reportOf(JUNIT).report, about);
  expect(page).toContain("**2 passed, 1 failed, 1 skipped**");
  expect(page).toContain("| a.test.ts | 1 | 1 | 1 | abc |");
  expect(page).toContain("## Failed\n\n- a.test.ts: bad\n");
  expect(page).toEndWith("- a.test.ts: group [needs kvm: no /dev/kvm] > inner\n");
});

test("a run of some files leaves what the page tells of others, and forgets files that are gone", () => {
  const about = {
    ...{ system: "Debian", kernel: "6", systemd: "257", lxc: "6" },
    commit: "old",
    accel: "tcg",
  };
  const before = renderResult(reportOf(JUNIT).report, about);
  const again = '<testcase name="bad" classname="" file="a.test.ts" />';
  const page = renderResult(reportOf(again).report, { ...about, commit: "new" }, before);
  expect(page).toContain("| a.test.ts | 1 | 0 | 0 | new |\n| b.test.ts | 1 | 0 | 0 | old |");
  expect(page).toContain("**2 passed, 0 failed, 0 skipped**");
  expect(page).not.toContain("## ");
  const other = '<testcase name="fine" classname="" file="b.test.ts" />';
  const kept = renderResult(reportOf(other).report, about, before);
  expect(kept).toBe(before);
  expect(renderResult(reportOf(other).report, about, before, (file) => file !== "a.test.ts")).not.toContain(
    "a.test",
  );
});

test("a word reaches the guest's command as it was given", () => {
  for (const word of ["plain", "two words", "it's", '$HOME `id` "x" \\', "", "a\nb", "-n", "*"]) {
    const { stdout } = Bun.spawnSync({
      cmd: ["sh", "-c", `printf %s ${quote(word)}`],
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(stdout.toString()).toBe(word);
  }
});

test("what is asked for is understood before anything boots", () => {
  const file = "tests/kernel/modern-host.test.ts";
  expect(asked(["--record", file, "--timeout=60", "--json=/tmp/x"])).toEqual({
    files: [file],
    seconds: 60,
    record: true,
    json: "/tmp/x",
    everything: false,
  });
  expect(asked([])).toMatchObject({ seconds: 7200, record: false, json: undefined, everything: true });
  expect(asked(["--core"])).toMatchObject({ everything: false, files: expect.arrayContaining([file]) });
  expect(asked([]).files).toContain(file);
  expect(() => asked(["--timeout=soon"])).toThrow("unknown option --timeout=soon");
  expect(() => asked(["tests/kernel/nothing.test.ts"])).toThrow(
    "no tests/kernel/nothing.test.ts in the clone",
  );
  expect(() => asked(["../elsewhere"])).toThrow("no ../elsewhere in the clone");
});
