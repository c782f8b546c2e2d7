// The client of graphql-ws, raw probes of its protocol, and 800 connections that break off.
// Arguments: as for clients.mjs.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { check, enter, finish, same, wanted } from "./counting.mjs";

const [url] = process.argv.slice(2);
const address = url.replace("http", "ws");
const { token } = await enter(url);
const authorization = `Bearer ${token}`;
const PROTOCOL = "graphql-transport-ws";
const INIT = { type: "connection_init", payload: { authorization } };
const WATCH = `subscription { leaderboardChanged(period: "2026-09", peerGroup: COMPANY) { __typename } }`;
const watch = (id) => ({ id, type: "subscribe", payload: { query: WATCH } });

const client = createClient({
  url: address,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  connectionParams: { authorization },
});

async function first(query) {
  for await (const answer of client.iterate({ query })) return answer;
  return null;
}

await check("graphql-ws asks a query", async () => {
  const found = await first("{ people(first: 1) { totalCount } }");
  return wanted(found.data?.people?.totalCount > 0, found);
});
await check("graphql-ws reads a subscription", async () => {
  const found = await first(WATCH);
  return same(found.data?.leaderboardChanged?.__typename, "LeaderboardFrame");
});
await check("graphql-ws is told what is wrong with a document", async () => {
  try {
    return wanted(false, await first("subscription { nope }"));
  } catch (errors) {
    return same(errors[0]?.extensions?.code, "GRAPHQL_INVALID");
  }
});
await client.dispose();

// Send a script of messages (or pauses in milliseconds); say what came and how it closed.
function raw(protocol, script, milliseconds = 1500, headers = {}) {
  return new Promise((resolve) => {
    const log = [];
    const socket = new WebSocket(address, protocol ? [protocol] : [], { headers });
    const end = (word) => {
      socket.terminate();
      resolve([...log, word]);
    };
    const timer = setTimeout(() => end("open"), milliseconds);
    socket.on("open", async () => {
      for (const step of script) {
        if (typeof step === "number") await new Promise((done) => setTimeout(done, step));
        else socket.send(typeof step === "string" ? step : JSON.stringify(step));
      }
    });
    socket.on("message", (data) => log.push(JSON.parse(data.toString()).type));
    socket.on("close", (code) => {
      clearTimeout(timer);
      resolve([...log, code]);
    });
    socket.on("unexpected-response", (_, response) => {
      clearTimeout(timer);
      end(`HTTP ${response.statusCode}`);
    });
    socket.on("error", () => {});
  });
}

const last = (found, expected) => same(found.at(-1), expected);
// The server names no protocol and closes with 4406; the package ws hangs up first, with 1006.
const refused = (found) => wanted(found.length === 1 && [4406, 1006].includes(found[0]), found);
await check("another subprotocol is refused", async () => refused(await raw("foo", [INIT])));
await check("the older protocol is refused", async () => refused(await raw("graphql-ws", [INIT])));
await check("a subscription before the greeting is 4401", async () =>
  last(await raw(PROTOCOL, [watch("1")]), 4401),
);
await check("a second greeting is 4429", async () =>
  last(await raw(PROTOCOL, [INIT, 200, INIT]), 4429),
);
await check("an id in use is 4409", async () =>
  last(await raw(PROTOCOL, [INIT, 200, watch("1"), watch("1")], 4000), 4409),
);
await check("what is no JSON is 4400", async () => last(await raw(PROTOCOL, ["{nope"]), 4400));
await check("an unknown message is 4400", async () =>
  last(await raw(PROTOCOL, [{ type: "zzz" }]), 4400),
);
await check("a ping is answered", async () => {
  const found = await raw(PROTOCOL, [INIT, 100, { type: "ping" }]);
  return wanted(found.includes("pong"), found);
});
await check("a page of another origin is not let in", async () => {
  const found = await raw(PROTOCOL, [INIT], 1500, { origin: "http://evil.example" });
  return last(found, "HTTP 403");
});

// Every second breaks off in the middle of a subscription, the others before they greet.
function abort(number) {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, [PROTOCOL]);
    const stop = () => {
      socket.terminate();
      resolve(true);
    };
    const timer = setTimeout(() => (socket.terminate(), resolve(false)), 10000);
    socket.on("error", () => {});
    socket.on("unexpected-response", () => (clearTimeout(timer), resolve(false)));
    socket.on("close", () => clearTimeout(timer));
    socket.on("open", () => {
      if (number % 2) return stop();
      socket.send(JSON.stringify(INIT));
    });
    socket.on("message", (data) => {
      if (JSON.parse(data.toString()).type === "connection_ack") {
        socket.send(JSON.stringify(watch("1")));
        setTimeout(stop, 5);
      }
    });
  });
}

await check("800 connections break off", async () => {
  let begun = 0;
  for (let number = 0; number < 800; number += 8) {
    const batch = Array.from({ length: 8 }, (_, index) => abort(number + index));
    begun += (await Promise.all(batch)).filter(Boolean).length;
  }
  return wanted(begun >= 700, begun);
});
finish();
