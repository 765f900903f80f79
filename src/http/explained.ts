// `extensions.cost`, for whoever asks with `x-explain-cost: 1`: what the question was charged for, and what it took.
//
// What is told must be the same whether or not there are rows that its reader may not see.
// - Points and nodes come from the document and its variables.
// - `planned` says that the question has a plan, which comes from the same; not that its plan answered it. Where a planned answer misses
//   something that is hidden the resolvers are asked after all, and `statements` still counts as if they had not been.
// - `statements`: without a plan each statement is asked because of rows that the one before it gave, as this reader sees them. Not
//   told of changes: they are run again when they meet the change of somebody else, of whom nothing may be told.
// - `milliseconds` do depend on what is hidden: PostgreSQL looks at rows before it leaves them out. Whoever asks sees how long they
//   wait, but through a network, and the clock of the server would take away its noise. So they are told at level 3 alone, which sees
//   all but what belongs to other teams, in whole numbers. The operator has them in the log, for each request.
import type { Tally } from '../observe/tally.js';
import type { Cost } from './cost.js';

interface Explained {
  /** In points, as headers count them. */
  requested: number;
  nodes: number;
  planned?: boolean;
  statements?: number;
  milliseconds?: number;
}

export function explained({ points, nodes }: Cost, { tally, timed }: { tally?: Tally; timed?: boolean }): Explained {
  const said: Explained = { requested: points, nodes };
  if (!tally) return said;
  const { planned, statements } = tally.told;
  said.planned = planned;
  if (tally.type === 'query') said.statements = statements;
  if (timed) said.milliseconds = Math.round(tally.ms);
  return said;
}
