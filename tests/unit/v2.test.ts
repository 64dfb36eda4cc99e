import { expect, test } from "bun:test";
import { quote } from "../../scripts/v2/guest.mjs";
import { readReport, renderResult, summary } from "../../scripts/v2/report.mjs";
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

test("a report is read with its groups, reasons and files", () => {
  const report = readReport(JUNIT);
  expect([report.passed, report.failed]).toEqual([2, 1]);
  expect(report.failures).toEqual([{ name: "bad", file: "a.test.ts" }]);
  expect(report.skipped).toEqual([{ name: "group [needs kvm: no /dev/kvm] > inner", file: "a.test.ts" }]);
  expect([...report.files]).toEqual([
    ["a.test.ts", { passed: 1, failed: 1, skipped: 1 }],
    ["b.test.ts", { passed: 1, failed: 0, skipped: 0 }],
  ]);
});

test("a run that failed without a failed test is not told as good", () => {
  const report = readReport('<testcase name="a" classname="" file="a.test.ts" />');
  expect(summary(report, 0)).toBe("1 passed, 0 failed, 0 skipped");
  expect(summary(report, 1)).toBe("1 passed, 0 failed, 0 skipped, but bun test ended with 1");
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
  const page = renderResult(readReport(JUNIT), { ...about, targets: ["tests/kernel"], code: 1 });
  expect(page).toContain("**2 passed, 1 failed, 1 skipped**");
  expect(page).toContain("| a.test.ts | 1 | 1 | 1 |");
  expect(page).toContain("## Failed\n\n- a.test.ts: bad\n");
  expect(page).toEndWith("- a.test.ts: group [needs kvm: no /dev/kvm] > inner\n");
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
  expect(asked(["--record", "tests/e2e/a.test.ts", "--timeout=60"])).toEqual({
    targets: ["tests/e2e/a.test.ts"],
    seconds: 60,
    record: true,
  });
  expect(asked([])).toMatchObject({ seconds: 3600, record: false });
  expect(() => asked(["--timeout=soon"])).toThrow("unknown option --timeout=soon");
});
