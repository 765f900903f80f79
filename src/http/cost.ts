// What an operation costs, computed from its document and variables before it runs: the nodes it may touch, and the points
// that its viewer pays (rate.ts). Pages count as full, lists without pages by a usual size, and what @skip leaves out as asked.
import { Kind, type OperationDefinitionNode } from 'graphql';
import { limited } from '../errors.js';
import { checkLists, countNodes, USUAL_LIST, type Asked } from './page-cost.js';

export type { Asked } from './page-cost.js';

const MOST_NODES = 10_000;

export interface Cost {
  /** One for the question, one for every ten nodes, and ten for every change. */
  points: number;
  /** Nodes of lists, by the product of their sizes. */
  nodes: number;
}

const NODES_A_POINT = 10;
/** A change is a transaction of its own, a version in history and a line of the audit. */
const POINTS_A_CHANGE = 10;

/** @throws DomainError LIMITED, with the number found and the way out. */
export function costOf(asked: Asked): Cost {
  checkLists(asked.variables);
  const nodes = countNodes(asked);
  if (nodes > MOST_NODES) {
    throw limited(
      `This asks for up to ${nodes} nodes; ${MOST_NODES} are answered at once. Lower \`first\`, or ask for fewer lists ` +
        `inside lists: one without \`first\` counts as ${USUAL_LIST} for each node around it.`,
      { rule: 'page-cost' },
    );
  }
  return { nodes, points: 1 + Math.ceil(nodes / NODES_A_POINT) + POINTS_A_CHANGE * changes(asked.operation) };
}

/** Fields of a mutation; one that hides in a fragment pays at least as much as one that stands open. */
function changes(operation: OperationDefinitionNode): number {
  if (operation.operation !== 'mutation') return 0;
  return operation.selectionSet.selections.reduce((sum, selection) => sum + (selection.kind === Kind.FIELD ? 1 : 5), 0);
}
