// The audits of graphql-http, then two clients: Apollo Client and urql.
// Arguments: the address of a server in each mode of documents (open, apq, trusted), then a token.
import { createHash } from "node:crypto";

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { auditServer } from "graphql-http";

import { check, count, finish, same, wanted } from "./counting.mjs";

const [url, apqUrl, trustedUrl, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}`, "accept-language": "en" };
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

function apollo(uri = url, settings = {}, ...links) {
  const link = ApolloLink.from([...links, new HttpLink({ uri, headers, ...settings })]);
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

// A fetch that notes how each request went: method, whether it held the text, code of the answer.
function noting(notes) {
  return async (input, init) => {
    const answer = await fetch(input, init);
    const { errors } = await answer.clone().json();
    const hasText = /[?&]query=/.test(String(input)) || Boolean(JSON.parse(init.body ?? "{}").query);
    const code = errors?.[0]?.extensions?.code ?? "ok";
    notes.push(`${init.method ?? "GET"} ${hasText ? "text" : "hash"} ${code}`);
    return answer;
  };
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

// Each client asks twice; every operation has a name of its own, so that nobody learnt it before.
async function apolloNames(name, uri, more, expected) {
  await check(`apollo persisted queries, ${name}`, async () => {
    const notes = [];
    const link = new PersistedQueryLink({ sha256, ...more });
    const client = apollo(uri, { fetch: noting(notes) }, link);
    const query = gql(PEOPLE.replace("People", `Apollo${name.replaceAll(/\W/g, "")}`));
    const ask = () => client.query({ query, variables: { first: 2 }, fetchPolicy: "network-only" });
    const fault = onePage((await ask()).data) ?? onePage((await ask()).data);
    return fault ?? same(notes, expected);
  });
}

async function urqlNames(name, uri, more, expected) {
  await check(`urql persisted queries, ${name}`, async () => {
    const notes = [];
    const client = new Client({
      url: uri,
      exchanges: [persistedExchange(more), fetchExchange],
      fetchOptions: { headers },
      preferGetMethod: more.preferGetForPersistedQueries ?? true,
      fetch: noting(notes),
    });
    const query = PEOPLE.replace("People", `Urql${name.replaceAll(/\W/g, "")}`);
    for (let turn = 0; turn < 2; turn += 1) {
      const found = await client.query(query, { first: 2 }).toPromise();
      const fault = found.error ? String(found.error) : onePage(found.data);
      if (fault) return fault;
    }
    return same(notes, expected);
  });
}

async function namedDocuments() {
  const missed = "PERSISTED_QUERY_NOT_FOUND";
  const never = "PERSISTED_QUERY_NOT_SUPPORTED";
  const learnt = (verb, retry) => [`${verb} hash ${missed}`, `${retry} text ok`, `${verb} hash ok`];
  const get = { useGETForHashedQueries: true };
  await apolloNames("apq POST", apqUrl, {}, learnt("POST", "POST"));
  await apolloNames("apq GET", apqUrl, get, learnt("GET", "POST"));
  await apolloNames("open", url, {}, [`POST hash ${never}`, "POST text ok", "POST text ok"]);
  const post = { preferGetForPersistedQueries: false };
  await urqlNames("apq POST", apqUrl, post, learnt("POST", "POST"));
  // urql sends the text by GET too: what is learnt must not depend on the method.
  await urqlNames("apq GET", apqUrl, {}, learnt("GET", "GET"));
  await urqlNames("open", url, post, [`POST hash ${never}`, "POST text ok", "POST text ok"]);
}

// The list of the trusted server holds exactly this text.
async function trustedDocuments() {
  const exchanges = (generateHash) => [
    persistedExchange({ generateHash, enforcePersistedQueries: true }),
    fetchExchange,
  ];
  const ask = (text) =>
    new Client({ url: trustedUrl, exchanges: exchanges(async () => sha256(text)) })
      .query("{ languages }", {})
      .toPromise();
  await check("urql asks a trusted document by its hash", async () => {
    const { data, error } = await ask("{ languages }");
    return error ? String(error) : wanted(data?.languages?.length === 2, data);
  });
  await check("urql is refused another one", async () => {
    const { error } = await ask("{ __typename }");
    return same(error?.graphQLErrors?.[0]?.extensions?.code, "DOCUMENT_UNKNOWN");
  });
  await check("apollo is refused a text that is not on the list", async () => {
    const asked = { query: gql(PEOPLE), variables: { first: 2 }, errorPolicy: "all" };
    const found = await apollo(trustedUrl).query(asked);
    return same(found.error?.errors?.[0]?.extensions?.code, "DOCUMENT_UNKNOWN");
  });
}

const possibleTypes = await implementations();
const audited = await audits();
await apolloClient();
await namedDocuments();
await trustedDocuments();
await urqlClient();
finish({ audited });
