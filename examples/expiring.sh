#!/bin/sh
# Certificates that run out within 90 days of 2022-08-01, with curl and jq.
#   examples/expiring.sh http://127.0.0.1:4000/graphql
# Where anonymous reading is off, set KUALIK_TOKEN to a token ("kualik token new").
set -eu
endpoint=${1:?usage: expiring.sh ENDPOINT}
here=$(dirname "$0")

# One page, after the cursor given as JSON. An answer with errors is no answer: its first sentence is all that is printed.
ask() {
  jq -n --rawfile query "$here/expiring.graphql" --argjson after "$1" \
    '{query: $query, variables: {within: "P90D", on: "2022-08-01", after: $after}}' |
    curl -sS "$endpoint" -H 'content-type: application/json' ${KUALIK_TOKEN:+-H "authorization: Bearer $KUALIK_TOKEN"} --data-binary @- |
    jq -c 'if .errors then (.errors[0].message | halt_error(1)) else .data.expiring end'
}

table='HOLDER	COUNTRY	KIND	LAST DAY	CERTAINTY	SUCCESSOR'
after=null
while [ -n "$after" ]; do
  page=$(ask "$after") || exit 1
  rows=$(printf '%s' "$page" | jq -r '.nodes[] | [
    .person.name // "(hidden)", .document.country, .document.kind, .lastDay.edtf, .certainty,
    (if .successor then "until \(.successor.validUntil.edtf // "unknown")" else .successorKnown end)] | @tsv')
  table="$table
$rows"
  after=$(printf '%s' "$page" | jq '.pageInfo | if .hasNextPage then .endCursor else empty end')
done

printf '%s\n' "$table" | awk -F '\t' '
  NF { rows++; for (i = 1; i <= NF; i++) { cell[rows, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
  END { for (r = 1; r <= rows; r++) { line = ""; for (i = 1; i < 6; i++) line = line sprintf("%-" width[i] "s  ", cell[r, i]); print line cell[r, 6] } }'
