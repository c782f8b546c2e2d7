// What a Relay application writes; relay-compiler turns it into __generated__.
import { graphql } from "relay-runtime";

graphql`
  query questionsPeopleQuery($first: Int!, $after: String) {
    ...questions_people @arguments(first: $first, after: $after)
  }
`;

graphql`
  fragment questions_people on Query
  @refetchable(queryName: "questionsMorePeopleQuery")
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" }) {
    people(first: $first, after: $after) @connection(key: "questions_people") {
      totalCount
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

graphql`
  query questionsPersonQuery($id: ID!) {
    node(id: $id) {
      __typename
      ...questions_person @alias
    }
  }
`;

graphql`
  fragment questions_person on Person @refetchable(queryName: "questionsPersonAgainQuery") {
    id
    name
    assignments {
      position
      unit {
        id
        name
      }
    }
  }
`;

graphql`
  mutation questionsSignInMutation($input: SessionCreateDemoInput!) {
    sessionCreateDemo(input: $input) {
      __typename
      ... on SessionCreateDemoSuccess {
        token
      }
      ... on Problem {
        code
        message
        path
      }
    }
  }
`;

graphql`
  subscription questionsBoardSubscription($period: Period!) {
    leaderboardChanged(period: $period, peerGroup: COMPANY) {
      mark
    }
  }
`;
