// The rules of @graphql-eslint for the printed contract: all that it recommends for a schema and
// for Relay, and descriptions everywhere. What differs from its defaults has its reason beside it.
import { readFileSync } from "node:fs";

import plugin from "@graphql-eslint/eslint-plugin";
import { parse } from "graphql";

const { definitions } = parse(readFileSync(new URL("schema.graphql", import.meta.url), "utf8"));
// Money, lines, rows of an answer: a value lives in what holds it, and has no identity. The rule
// stays for every type that has an id: it must be `id: ID!`, and the only one.
const values = definitions
  .filter((each) => each.kind === "ObjectTypeDefinition")
  .filter((each) => !each.fields.some((field) => field.name.value === "id"))
  .map((each) => each.name.value);

export default [
  {
    files: ["schema.graphql"],
    languageOptions: {
      parser: plugin.parser,
      parserOptions: { graphQLConfig: { schema: "./schema.graphql" } },
    },
    plugins: { "@graphql-eslint": plugin },
    rules: {
      ...plugin.configs["flat/schema-recommended"].rules,
      ...plugin.configs["flat/schema-relay"].rules,
      // `nodes: [Row!]!` stands beside the edges: most clients want only the rows.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
      // Relay's specification asks for one direction; a queue is read from its front.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: { types: values } }],
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
          // The specification's own directive, printed without its description.
          ignoredSelectors: ["[type=DirectiveDefinition][name.value=oneOf]"],
        },
      ],
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/require-deprecation-reason": "error",
      "@graphql-eslint/input-name": [
        "error",
        { checkInputType: true, caseSensitiveInputType: false, checkMutations: true },
      ],
    },
  },
];
