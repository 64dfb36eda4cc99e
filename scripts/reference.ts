/** The generated pages of docs/reference/, each from its table. Run as a program it writes them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderOpenApi } from "../src/api/openapi.ts";
import { renderCliReference } from "../src/cli/reference.ts";
import { renderDialectsReference } from "../src/spec/dialect-reference.ts";
import {
  renderErrorsReference,
  renderEventsReference,
  renderLevelsReference,
} from "../src/spec/level-reference.ts";

/** Pages by file name. */
export async function pages(): Promise<Record<string, string>> {
  return {
    "cli.md": await renderCliReference(),
    "dialects.md": renderDialectsReference(),
    "errors.md": renderErrorsReference(),
    "events.md": renderEventsReference(),
    "levels.md": renderLevelsReference(),
    "openapi.json": `${JSON.stringify(renderOpenApi(), null, 2)}\n`,
  };
}

if (import.meta.main) {
  const folder = join(import.meta.dir, "..", "docs", "reference");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(await pages())) {
    writeFileSync(join(folder, name), text);
    console.log(`  docs/reference/${name}`);
  }
}
