// What nobody here wrote, against a running server: the audits of graphql-http, then two clients.
// Prints one line per failure and, last, a JSON object that run.py reads.
import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { Client, fetchExchange } from "@urql/core";
import { auditServer } from "graphql-http";

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}`, "accept-language": "en" };
const counts = { passed: 0, failed: 0 };

function count(name, fault) {
  counts[fault ? "failed" : "passed"] += 1;
  if (fault) console.log(`FAILED ${name}: ${fault}`);
}

async function check(name, work) {
  try {
    count(name, await work());
  } catch (error) {
    count(name, `${error.name}: ${error.message}`);
  }
}

// A recommendation that is not followed counts as a failure too.
async function audits() {
  const results = await auditServer({ url });
  for (const { id, name, status, reason } of results) {
    count(`audit ${id} (${name})`, status === "ok" ? null : `${status}: ${reason}`);
  }
  return results.length;
}

const PEOPLE = `query People($first: Int) {
  people(first: $first) { totalCount edges { cursor node { id name } } pageInfo { hasNextPage } }
}`;
const LEAVE = `mutation Leave($input: SessionRevokeInput!) {
  sessionRevoke(input: $input) { __typename ... on Problem { code } }
}`;
const ENTER = `mutation Enter($input: SessionCreateDemoInput!) {
  sessionCreateDemo(input: $input) { __typename ... on Problem { code } }
}`;

const wanted = (good, found) => (good ? null : JSON.stringify(found));
const onePage = (data) =>
  wanted(data?.people?.edges?.length === 2 && data.people.pageInfo.hasNextPage, data);
const named = (data, field, type) => wanted(data?.[field]?.__typename === type, data);

// Apollo's cache drops fields behind `... on Problem` unless it is told who implements it.
async function implementations() {
  const body = JSON.stringify({ query: "{ __schema { types { name possibleTypes { name } } } }" });
  const sent = { method: "POST", body, headers: { ...headers, "content-type": "application/json" } };
  const { data } = await (await fetch(url, sent)).json();
  const abstract = data.__schema.types.filter((type) => type.possibleTypes);
  return Object.fromEntries(
    abstract.map(({ name, possibleTypes }) => [name, possibleTypes.map((type) => type.name)]),
  );
}

function apollo(...links) {
  const link = ApolloLink.from([...links, new HttpLink({ uri: url, headers })]);
  return new ApolloClient({ link, cache: new InMemoryCache({ possibleTypes }) });
}

async function apolloClient() {
  const query = gql(PEOPLE);
  const variables = { first: 2 };
  await check("apollo query", async () =>
    onePage((await apollo().query({ query, variables })).data),
  );
  await check("apollo mutation that succeeds", async () => {
    const done = await apollo().mutate({
      mutation: gql(ENTER),
      variables: { input: { person: "hr" } },
    });
    return named(done.data, "sessionCreateDemo", "SessionCreateDemoSuccess");
  });
  await check("apollo mutation that is refused", async () => {
    const done = await apollo().mutate({
      mutation: gql(ENTER),
      variables: { input: { person: "nobody" } },
    });
    return wanted(done.data?.sessionCreateDemo?.code, done.data);
  });
  await check("apollo sees the code of a wrong query", async () => {
    const found = await apollo().query({ query: gql`{ nope }`, errorPolicy: "all" });
    return wanted(found.error?.errors?.[0]?.extensions?.code === "GRAPHQL_INVALID", found.error);
  });
}

async function urqlClient() {
  const make = (more) =>
    new Client({ url, exchanges: [fetchExchange], fetchOptions: { headers }, ...more });
  for (const preferGetMethod of [false, "force"]) {
    await check(`urql query, GET ${preferGetMethod}`, async () => {
      const found = await make({ preferGetMethod }).query(PEOPLE, { first: 2 }).toPromise();
      return found.error ? String(found.error) : onePage(found.data);
    });
  }
  await check("urql mutation", async () => {
    const input = { person: "auditor" };
    const done = await make({}).mutation(ENTER, { input }).toPromise();
    return done.error
      ? String(done.error)
      : named(done.data, "sessionCreateDemo", "SessionCreateDemoSuccess");
  });
  await check("urql sees the code of a wrong query", async () => {
    const found = await make({}).query("{ nope }", {}).toPromise();
    const code = found.error?.graphQLErrors?.[0]?.extensions?.code;
    return wanted(code === "GRAPHQL_INVALID", found.error);
  });
  // Last: it ends the session that all the others use.
  await check("urql mutation that signs out", async () => {
    const done = await make({}).mutation(LEAVE, { input: {} }).toPromise();
    return done.error
      ? String(done.error)
      : named(done.data, "sessionRevoke", "SessionRevokeSuccess");
  });
}

const possibleTypes = await implementations();
const audited = await audits();
await apolloClient();
await urqlClient();
console.log(JSON.stringify({ ...counts, audited }));
