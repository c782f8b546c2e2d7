// The explorer: a query, its variables, its answer. Talks to this server only.
import { EXAMPLES } from "/static/examples.js";

const WORDS = {
  "zh-CN": {
    language: "语言", signInAs: "以演示人员登录", signIn: "登录", signOut: "退出", examples: "示例",
    query: "查询", variables: "变量", run: "运行", answer: "结果", nobody: "尚未登录",
    signedIn: "已登录：", broken: "变量不是有效的 JSON。", offline: "无法连接服务器。",
  },
  en: {
    language: "Language", signInAs: "Sign in as demo person", signIn: "Sign in", signOut: "Sign out",
    examples: "Examples", query: "Query", variables: "Variables", run: "Run", answer: "Answer",
    nobody: "Not signed in", signedIn: "Signed in: ",
    broken: "The variables are not valid JSON.", offline: "The server cannot be reached.",
  },
};
const find = (id) => document.getElementById(id);
const language = find("language");
const words = () => WORDS[language.value];

async function post(query, variables) {
  const response = await fetch("/graphql", {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
      "accept-language": language.value,
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

let watched = null;

// A subscription: every frame is painted until it ends or something else is run.
async function watch(query, variables, paintFrame) {
  watched = new AbortController();
  const response = await fetch("/graphql", {
    method: "POST",
    credentials: "same-origin",
    signal: watched.signal,
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      "accept-language": language.value,
    },
    body: JSON.stringify({ query, variables }),
  });
  if (!response.headers.get("content-type").startsWith("text/event-stream")) {
    paintFrame(await response.json());
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (text + part.value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = /^event: next\ndata: (.*)$/m.exec(block);
      if (data) paintFrame(JSON.parse(data[1]));
    }
  }
}

function paint(value) {
  const target = find("answer");
  target.replaceChildren();
  const written = JSON.stringify(value, null, 2);
  const token = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)/g;
  let end = 0;
  for (const match of written.matchAll(token)) {
    target.append(written.slice(end, match.index));
    const part = document.createElement("span");
    part.className = match[3] ? "number" : match[2] ? "key" : "text";
    part.textContent = match[1] ?? match[3];
    target.append(part);
    if (match[2]) target.append(match[2]);
    end = match.index + match[0].length;
  }
  target.append(written.slice(end));
}

async function run() {
  let variables;
  try {
    variables = JSON.parse(find("variables").value || "{}");
  } catch {
    find("measure").textContent = words().broken;
    return;
  }
  watched?.abort();
  watched = null;
  const start = performance.now();
  const query = find("query").value;
  const show = (answer) => {
    paint(answer);
    find("measure").textContent = `${Math.round(performance.now() - start)} ms`;
  };
  try {
    if (/^\s*subscription\b/.test(query)) await watch(query, variables, show);
    else show(await post(query, variables));
  } catch (fault) {
    if (fault.name !== "AbortError") find("measure").textContent = words().offline;
  }
}

async function who() {
  const answer = await post(
    "{ viewer { account person { name } roles { role } } demo { people { login name } } }",
  );
  const viewer = answer.data?.viewer ?? null;
  const demo = answer.data?.demo ?? null;
  const roles = viewer ? viewer.roles.map((each) => each.role).join(", ") : "";
  find("who").textContent = viewer
    ? `${words().signedIn}${viewer.person?.name ?? viewer.account} (${roles})`
    : words().nobody;
  find("sign-in").hidden = demo === null;
  find("sign-out").hidden = viewer === null;
  find("people").replaceChildren(
    ...(demo?.people ?? []).map((person) => {
      const option = document.createElement("option");
      option.value = person.login;
      option.label = person.name;
      return option;
    }),
  );
}

function speak() {
  document.documentElement.lang = language.value;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = words()[element.dataset.text];
  }
  const list = find("examples");
  list.replaceChildren();
  for (const group of EXAMPLES) {
    const heading = document.createElement("h3");
    heading.textContent = group.title[language.value];
    list.append(heading);
    for (const example of group.queries) {
      const button = document.createElement("button");
      button.textContent = example.title[language.value];
      button.addEventListener("click", () => {
        find("query").value = example.query;
        find("variables").value = JSON.stringify(example.variables ?? {}, null, 2);
        run();
      });
      list.append(button);
    }
  }
}

language.value = navigator.language.startsWith("zh") ? "zh-CN" : "en";
language.addEventListener("change", () => { speak(); who(); });
find("run").addEventListener("click", run);
find("query").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
});
find("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await post(
    `mutation($person: ID!) { sessionCreateDemo(input: {person: $person}) {
       __typename ... on Problem { code message } } }`,
    { person: find("person").value.trim() },
  );
  paint(answer);
  await who();
});
find("sign-out").addEventListener("click", async () => {
  paint(await post("mutation { sessionRevoke(input: {}) { __typename } }"));
  await who();
});
speak();
find("query").value = EXAMPLES[0].queries[0].query;
find("variables").value = JSON.stringify(EXAMPLES[0].queries[0].variables ?? {}, null, 2);
who();
