// Example queries, one group per kind of user.
const STATEMENT = `query Statement($period: Period!) {
  statement(period: $period) {
    person { name }
    run { final mode }
    payout { text }
    amounts {
      text
      number { text }
      facts(first: 5) {
        totalCount
        nodes {
          businessDate
          quantity { text }
          subject
          record { stream key position content }
        }
      }
    }
    problems { code message }
    hash
  }
}`;

const CONNECTIONS = `query ThreeConnections($period: Period!) {
  goals(period: $period, own: true) {
    nodes {
      name
      lines { metric { name { text } } target { text } }
      progress { metric { name { text } } actual { text } met }
    }
  }
  scoreSheet(period: $period) {
    score { text }
    rank
    reasons { text }
  }
  statement(period: $period) { payout { text } amounts { text } }
}`;

const BOARD = `query Board($period: Period!, $measure: String!, $group: PeerGroup!) {
  leaderboard(period: $period, measure: $measure, peerGroup: $group, first: 10) {
    own { rank value { text } }
    line { size median { text } ownGap { text } }
    entries {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { rank person { name } own value { text } }
    }
  }
}`;

const LIVE = `subscription LiveBoard($period: Period!) {
  leaderboardChanged(period: $period, peerGroup: COMPANY, first: 10) {
    sequence
    mark
    board {
      own { rank }
      entries { nodes { rank person { name } own value { text } } }
    }
    patch {
      changed { rank person { name } own value { text } }
      gone
    }
  }
}`;

const TEAM = `query Team {
  people(first: 20) {
    totalCount
    nodes { id name assignments { unit { name } position role } }
  }
}`;

const TREE = `query Goals($period: Period!) {
  goals(period: $period, first: 20) {
    totalCount
    nodes { id name owner { level name } lines { metric { key } target { text } } }
  }
}`;

const LIBRARY = `query Library {
  metrics { nodes { key name { text } unit dimension direction refresh factKinds } }
  scorecards { nodes { key name { text } items { metric { name { text } } weight { text } } } }
  planVersions { nodes { id key state validFrom components { kind name { text } } } }
}`;

const SOURCES = `query Sources {
  sourceConnections {
    name connector paused
    readiness { stream completeThrough }
    runs { startedAt outcome counts { name count } problem { message } }
  }
  quarantine(first: 10) { nodes { stream position problem { message } payload } }
  waitingIdentities(first: 10) { nodes { id namespace value facts firstDate lastDate } }
}`;

const RUNS = `query Runs($period: Period!) {
  calculations(period: $period) {
    id mode final people payout { text } resultHash
    waitingFor { fact stream through }
    problems { message }
  }
}`;

const TRIAL = `mutation Trial($key: IdempotencyKey!, $period: Period!) {
  calculationStart(input: { idempotencyKey: $key, period: $period, mode: TRIAL }) {
    ... on CalculationStartSuccess { job { id state } }
    ... on Problem { code message }
  }
}`;

const VAGUE = `mutation Vague($key: IdempotencyKey!, $owner: ID!) {
  goalSet(input: {
    idempotencyKey: $key, level: PERSON, owner: $owner, name: "Raise sales"
    validFrom: "2026-10-01", lines: []
  }) {
    ... on GoalSetSuccess { goal { id } }
    ... on Problem { code message }
    ... on InvalidProblem { problems { path message } }
  }
}`;

const SEPTEMBER = { period: "2026-09" };
const key = () => `explorer-${Date.now()}`;

export const EXAMPLES = [
  {
    title: { "zh-CN": "销售人员", en: "Salesperson" },
    queries: [
      { title: { "zh-CN": "目标、得分与奖金", en: "Goal, score and pay at once" }, query: CONNECTIONS, variables: SEPTEMBER },
      { title: { "zh-CN": "我的对账单（直到原始记录）", en: "My statement, down to the records" }, query: STATEMENT, variables: SEPTEMBER },
      { title: { "zh-CN": "排行榜与中位线差距", en: "Leaderboard and gap to the median" }, query: BOARD, variables: { ...SEPTEMBER, measure: "score", group: "COMPANY" } },
      { title: { "zh-CN": "实时排行榜", en: "Leaderboard, live" }, query: LIVE, variables: SEPTEMBER },
    ],
  },
  {
    title: { "zh-CN": "经理", en: "Manager" },
    queries: [
      { title: { "zh-CN": "我的团队", en: "My team" }, query: TEAM },
      { title: { "zh-CN": "团队目标", en: "The goals of the team" }, query: TREE, variables: SEPTEMBER },
      { title: { "zh-CN": "含糊的目标会被拒绝", en: "A vague goal is refused" }, query: VAGUE, variables: { key: key(), owner: "per_" } },
    ],
  },
  {
    title: { "zh-CN": "人力与销售运营", en: "HR and sales operations" },
    queries: [
      { title: { "zh-CN": "指标库与方案", en: "KPI library and plans" }, query: LIBRARY },
      { title: { "zh-CN": "数据源、隔离区、待识别", en: "Sources, quarantine, unknown names" }, query: SOURCES },
      { title: { "zh-CN": "计算批次", en: "Calculation runs" }, query: RUNS, variables: SEPTEMBER },
      { title: { "zh-CN": "试算", en: "A trial calculation" }, query: TRIAL, variables: { ...SEPTEMBER, key: key() } },
    ],
  },
];
