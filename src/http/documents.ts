// The parsed and validated documents Apollo may reuse, bounded: 100,000 distinct documents must not grow the memory.
// Apollo's own store bounds by JSON size, which costs a JSON.stringify of every new document and undercounts the heap.
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** Documents, and characters of source; a parsed document weighs about 100 bytes a character (its tokens are kept). */
const MOST_DOCUMENTS = 500;
const MOST_CHARACTERS = 250_000;

export class BoundedDocuments implements DocumentStore {
  readonly #documents = new Map<string, DocumentNode>();
  #characters = 0;

  /** A Map keeps the order of insertion, so moving a hit to the end makes the first entry the least recently used. */
  async get(key: string): Promise<DocumentNode | undefined> {
    const document = this.#documents.get(key);
    if (document) {
      this.#documents.delete(key);
      this.#documents.set(key, document);
    }
    return document;
  }

  async set(key: string, document: DocumentNode): Promise<void> {
    await this.delete(key);
    this.#documents.set(key, document);
    this.#characters += lengthOf(document);
    for (const oldest of this.#documents.keys()) {
      if (this.#documents.size <= MOST_DOCUMENTS && this.#characters <= MOST_CHARACTERS) break;
      await this.delete(oldest);
    }
  }

  async delete(key: string): Promise<boolean> {
    const document = this.#documents.get(key);
    if (document) this.#characters -= lengthOf(document);
    return this.#documents.delete(key);
  }

  get size(): number {
    return this.#documents.size;
  }
}

const lengthOf = (document: DocumentNode) => document.loc?.source.body.length ?? 1_000;
