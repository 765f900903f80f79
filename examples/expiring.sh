#!/bin/sh
# Certificates that run out within 90 days of 2022-08-01, with curl and jq.
#   examples/expiring.sh http://127.0.0.1:4000/graphql
set -eu
endpoint=${1:?usage: expiring.sh ENDPOINT}
here=$(dirname "$0")

ask() {
  jq -n --rawfile query "$here/expiring.graphql" --argjson after "$1" \
    '{query: $query, variables: {within: "P90D", on: "2022-08-01", after: $after}}' |
    curl -sS --fail-with-body "$endpoint" -H 'content-type: application/json' --data-binary @-
}

{
  printf 'HOLDER\tCOUNTRY\tKIND\tLAST DAY\tCERTAINTY\tSUCCESSOR\n'
  after=null
  while [ -n "$after" ]; do
    answer=$(ask "$after")
    # An answer with errors is no answer: say why and stop.
    printf '%s' "$answer" | jq -e 'if .errors then error(.errors[0].message) else true end' >/dev/null
    printf '%s' "$answer" | jq -r '.data.expiring.nodes[] | [
      .person.name // "(hidden)", .document.country, .document.kind, .lastDay.edtf, .certainty,
      (if .successor then "until \(.successor.validUntil.edtf // "unknown")" else .successorKnown end)] | @tsv'
    after=$(printf '%s' "$answer" | jq '.data.expiring.pageInfo | if .hasNextPage then .endCursor else empty end')
  done
} | awk -F '\t' '
  { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } columns = NF }
  END { for (r = 1; r <= NR; r++) { line = ""; for (i = 1; i < columns; i++) line = line sprintf("%-" width[i] "s  ", cell[r, i]); print line cell[r, columns] } }'
