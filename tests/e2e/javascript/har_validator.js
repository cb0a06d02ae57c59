// Judges the HAR document on standard input by the JSON Schemas of npm's har-validator, which has
// the HTTP Archive 1.2 specification as schemas. Prints what is wrong as JSON, [] for nothing.
import { readFileSync } from "node:fs";
import validator from "har-validator";

const errors = await validator.har(JSON.parse(readFileSync(0, "utf8"))).then(
  () => [],
  ({ errors }) => errors.map(({ dataPath, message }) => `${dataPath} ${message}`),
);
console.log(JSON.stringify(errors));
