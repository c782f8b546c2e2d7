// What every suite shares: one line per failure, and last a JSON object that run.py reads.
const counts = { passed: 0, failed: 0 };

export function count(name, fault) {
  counts[fault ? "failed" : "passed"] += 1;
  if (fault) console.log(`FAILED ${name}: ${fault}`);
}

export async function check(name, work) {
  try {
    count(name, await work());
  } catch (error) {
    count(name, `${error.name}: ${error.message}`);
  }
}

export const wanted = (good, found) => (good ? null : JSON.stringify(found));

export const same = (found, expected) =>
  wanted(JSON.stringify(found) === JSON.stringify(expected), { found, expected });

// Sign in as the company's HR; only a demo server on this machine lets one.
export async function enter(url) {
  const query = `mutation { sessionCreateDemo(input: { person: "hr" }) {
    ... on SessionCreateDemoSuccess { token } } }`;
  const headers = { "content-type": "application/json" };
  const sent = { method: "POST", headers, body: JSON.stringify({ query }) };
  return (await (await fetch(url, sent)).json()).data.sessionCreateDemo;
}

export function finish(more = {}) {
  console.log(JSON.stringify({ ...counts, ...more }));
  process.exit(0);
}
