// The printed contract: graphql-schema-linter, @graphql-eslint, and graphql-inspector, which holds
// it against the contract that was accepted last. 0 findings; what is let through stands with its
// reason in exceptions.json and breaking.json, and an entry that lets nothing through is a failure.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { ESLint } from "eslint";
import { buildSchema, parse } from "graphql";

import { check, count, finish } from "./counting.mjs";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const schema = read("schema.graphql");
const exceptions = JSON.parse(read("exceptions.json"));
const used = new Set();

const RULES = [
  "types-have-descriptions",
  "fields-have-descriptions",
  "arguments-have-descriptions",
  "input-object-values-have-descriptions",
  "enum-values-have-descriptions",
  "deprecations-have-a-reason",
  "defined-types-are-used",
  "enum-values-all-caps",
  "fields-are-camel-cased",
  "types-are-capitalized",
  "input-object-values-are-camel-cased",
  "relay-connection-types-spec",
  "relay-connection-arguments-spec",
  "relay-page-info-spec",
  "descriptions-are-capitalized",
];

// Findings come with a line: say which type or field of the contract stands there.
const places = new Map();
function mark({ loc, name }, place) {
  places.set(loc.startToken.line, place); // where its description begins
  places.set(name.loc.startToken.line, place);
}
for (const definition of parse(schema).definitions) {
  const name = definition.name?.value;
  if (name) mark(definition, name);
  for (const member of definition.fields ?? definition.values ?? []) {
    mark(member, `${name}.${member.name.value}`);
  }
}

function findings(suite, found) {
  const open = found.filter(({ rule, place }) => {
    const index = exceptions.findIndex((each) => each.rule === rule && each.place === place);
    if (index >= 0) used.add(index);
    return index < 0;
  });
  for (const { rule, place, message } of open) count(`${suite} ${rule} at ${place}`, message);
  count(suite, null);
}

function schemaLinter() {
  const words = ["--rules", RULES.join(","), "--format", "json", "schema.graphql"];
  let said;
  try {
    said = execFileSync("node_modules/.bin/graphql-schema-linter", words, { encoding: "utf8" });
  } catch (error) {
    said = error.stdout; // findings are told by its status too
  }
  const found = JSON.parse(said).errors.map(({ message, location, rule }) => ({
    rule,
    message,
    place: places.get(location.line) ?? `line ${location.line}`,
  }));
  findings("graphql-schema-linter", found);
}

async function eslint() {
  const results = await new ESLint().lintFiles(["schema.graphql"]);
  const found = results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => ({
      rule: ruleId ?? "parser",
      message,
      place: places.get(line) ?? `line ${line}`,
    })),
  );
  findings("graphql-eslint", found);
}

async function inspector() {
  const accepted = buildSchema(read("accepted.graphql"));
  const changes = await diff(accepted, buildSchema(schema));
  const broken = changes.filter((each) => each.criticality.level === CriticalityLevel.Breaking);
  const known = existsSync(new URL("breaking.json", import.meta.url))
    ? JSON.parse(read("breaking.json"))
    : [];
  for (const { path, message } of broken) {
    const reason = known.find((each) => each.path === path);
    if (!reason) count(`graphql-inspector ${path}`, `${message} (breaks who relied on it)`);
  }
  for (const { path, reason, date } of known) {
    const good = broken.some((each) => each.path === path) && reason && /^\d{4}-\d\d-\d\d$/.test(date);
    count(`breaking.json ${path}`, good ? null : "breaks nothing (any more), or has no reason or date");
  }
  count("graphql-inspector", null);
}

await check("graphql-schema-linter", async () => schemaLinter());
await check("graphql-eslint", eslint);
await check("graphql-inspector", inspector);
exceptions.forEach(({ rule, place, reason }, index) => {
  count(`exception ${rule} at ${place}`, used.has(index) && reason ? null : "lets nothing through");
});
finish();
