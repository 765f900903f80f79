// The other direction of a ref: which records point here, in which order. Said once by the noun that holds the column.

export interface ManyLink {
  /** The noun whose rows are listed. */
  noun: string;
  /** Its ref that points at the parent. */
  by: string;
  /** Properties that make an order; the order of recording and `id` are added at the end. */
  orderBy: string[];
  /** The field of the graph that shows the first of them, where it has another name than the link. */
  shownFirst?: string;
}

/** SDL type of the parent -> field -> the rows listed there. */
export type Links = Record<string, Record<string, ManyLink>>;

export const many = (noun: string, by: string, orderBy: string[] = []): ManyLink => ({ noun, by, orderBy });

export const mergeLinks = (parts: Links[]): Links => {
  const all: Links = {};
  for (const part of parts) for (const [type, fields] of Object.entries(part)) all[type] = { ...all[type], ...fields };
  return all;
};
