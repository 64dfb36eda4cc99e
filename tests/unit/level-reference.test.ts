import { expect, test } from "bun:test";
import { ERRORS } from "../../src/spec/errors.ts";
import { EVENT_TYPES } from "../../src/spec/event.ts";
import {
  renderErrorsReference,
  renderEventsReference,
  renderLevelsReference,
} from "../../src/spec/level-reference.ts";
import { LEVELS } from "../../src/spec/levels.ts";

test("each page names all that its table has", () => {
  const levels = renderLevelsReference();
  for (const { key, ways } of LEVELS) {
    expect(levels).toContain(`## \`${key}\`\n`);
    for (const { file } of [...(ways.v1?.settings ?? []), ...(ways.v2?.settings ?? [])])
      expect(levels).toContain(`\`${file}\``);
  }
  for (const name of Object.keys(ERRORS)) expect(renderErrorsReference()).toContain(`| \`${name}\` |`);
  for (const name of Object.keys(EVENT_TYPES)) expect(renderEventsReference()).toContain(`| \`${name}\` |`);
});

test("every row of a table has as many cells as its head", () => {
  for (const page of [renderLevelsReference(), renderErrorsReference(), renderEventsReference()])
    for (const block of page.split("\n\n").filter((each) => each.startsWith("|"))) {
      const widths = block
        .trim()
        .split("\n")
        .map((line) => line.replaceAll("\\|", "").split("|").length);
      expect(new Set(widths).size).toBe(1);
    }
});
