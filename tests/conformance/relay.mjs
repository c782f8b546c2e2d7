// Relay as a client: relay-compiler has turned relay/questions.js into __generated__, and
// relay-runtime asks a running server with it. Arguments: as for clients.mjs.
import relay from "relay-runtime";

import { check, enter, finish, same, wanted } from "./counting.mjs";
import MorePeople from "./relay/__generated__/questionsMorePeopleQuery.graphql.js";
import People from "./relay/__generated__/questionsPeopleQuery.graphql.js";
import peopleFragment from "./relay/__generated__/questions_people.graphql.js";
import Person from "./relay/__generated__/questionsPersonQuery.graphql.js";
import PersonAgain from "./relay/__generated__/questionsPersonAgainQuery.graphql.js";
import personFragment from "./relay/__generated__/questions_person.graphql.js";
import SignIn from "./relay/__generated__/questionsSignInMutation.graphql.js";

const [url] = process.argv.slice(2);
const { Environment, Network, RecordSource, Store } = relay;

const { token } = await enter(url); // of its own: another suite signs out

async function ask(request, variables) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ query: request.text, operationName: request.name, variables });
  return (await fetch(url, { method: "POST", headers, body })).json();
}

// Refs have the id of the thing they name: rows are kept by type and id (docs/api.md says so).
const environment = new Environment({
  network: Network.create(ask),
  store: new Store(new RecordSource()),
  getDataID: (row, type) => (row.id == null ? null : `${type}:${row.id}`),
});

// Kept from the beginning, as a mounted component keeps it: else the store may forget it at once.
function fetched(query, variables) {
  const operation = relay.createOperationDescriptor(relay.getRequest(query), variables);
  environment.retain(operation);
  return relay.fetchQuery(environment, query, variables).toPromise();
}

// What a component would be given: the fragment's own data, read from the store.
function read(fragment, data) {
  return environment.lookup(relay.getSingularSelector(fragment, data)).data;
}

function kept(query, variables) {
  const operation = relay.createOperationDescriptor(relay.getRequest(query), variables);
  return environment.lookup(operation.fragment).data;
}

const pageIds = (data) => data.people.edges.map((edge) => edge.node.id);
let firstPage = [];

await check("relay reads a page and then the next one into the same list", async () => {
  await fetched(People, { first: 2 });
  const before = read(peopleFragment, kept(People, { first: 2 }));
  firstPage = pageIds(before);
  const after = before.people.pageInfo.endCursor;
  await fetched(MorePeople, { first: 3, after });
  const whole = read(peopleFragment, kept(People, { first: 2 }));
  const ids = pageIds(whole);
  return wanted(
    firstPage.length === 2 && ids.length === 5 && new Set(ids).size === 5 && before.people.pageInfo.hasNextPage,
    { firstPage, ids },
  );
});

await check("relay reads a thing by its id and refetches its fragment", async () => {
  const id = firstPage[0];
  await fetched(Person, { id });
  const found = kept(Person, { id });
  const person = read(personFragment, found.node.questions_person);
  const again = await fetched(PersonAgain, { id });
  const second = read(personFragment, again.node);
  return (
    same(found.node.__typename, "Person") ??
    same(person, second) ??
    wanted(person.assignments.length > 0, person)
  );
});

await check("relay reads null for an id of nothing", async () => {
  const found = await fetched(Person, { id: "per_nobody" });
  return same(found.node ?? null, null);
});

const mutated = (input) =>
  new Promise((resolve, reject) => {
    relay.commitMutation(environment, {
      mutation: SignIn,
      variables: { input },
      onCompleted: (data, errors) => (errors ? reject(errors[0]) : resolve(data)),
      onError: reject,
    });
  });

await check("relay commits a mutation and reads the member of its union", async () => {
  const { sessionCreateDemo: done } = await mutated({ person: "hr" });
  return wanted(done.__typename === "SessionCreateDemoSuccess" && done.token, done);
});

await check("relay reads a refusal as data", async () => {
  const { sessionCreateDemo: done } = await mutated({ person: "nobody" });
  return wanted(done.code === "SIGN_IN_FAILED" && done.message, done);
});

finish();
